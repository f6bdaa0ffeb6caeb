"""The socket of the probe's call."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from aioice.candidate import Candidate
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from wire.constants import MAX_MESSAGE_BYTES

from . import faults
from .faults import BlockedError, MovedError, ProbeError
from .site import HEADERS, Page, Site, unanswered

READY_S: Final = 8.0
ANSWER_S: Final = 8.0

_REFUSALS: Final = {
    "network_busy": faults.network_busy,
    "ticket_invalid": faults.bad_ticket,
    "server_stopping": faults.stopping,
}

T = TypeVar("T")
OnCandidate = Callable[[Candidate], Awaitable[None]]


class Line:
    """A socket to the server.

    :ivar on_candidate: takes the bot's candidates of the newest generation.
    """

    def __init__(self, site: Site, page: Page, connection: ClientConnection) -> None:
        self._site = site
        self._page = page
        self._connection = connection
        self._generation = 0
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.on_candidate: OnCandidate = _ignore
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Never has a result. Has an exception as soon as the server ends the call."""
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, site: Site, page: Page, trust: ssl.SSLContext) -> "Line":
        """Open a socket, and wait until the server greets it.

        :raises ProbeError: it cannot be opened.
        """
        url = page.url.join("/ws/call/")
        is_secure = url.scheme == "https"
        origin = f"{url.scheme}://{url.netloc.decode()}"
        address = str(url.copy_with(scheme="wss" if is_secure else "ws"))
        try:
            connection = await connect(
                address,
                ssl=trust if is_secure else None,
                origin=origin,  # type: ignore[arg-type]
                # A ticket has colons, which a subprotocol may not have.
                subprotocols=["voicedemo", f"ticket.{page.ticket.replace(':', '~')}"],  # type: ignore[list-item]
                user_agent_header=HEADERS["User-Agent"],
                open_timeout=READY_S,
                close_timeout=1,
                ping_interval=None,
                max_size=2 * MAX_MESSAGE_BYTES,
                proxy=None,
            )
        except (InvalidHandshake, InvalidURI, TimeoutError):
            raise faults.no_socket(url.host) from None
        except OSError as exc:
            raise await unanswered(str(url), exc) from None
        line = cls(site, page, connection)
        try:
            await line.wait(line._ready, READY_S, "The socket's greeting")
        except BaseException:
            await line.close()
            raise
        return line

    async def offer(self, sdp: str, generation: int, on_candidate: OnCandidate) -> None:
        """Send an offer. :meth:`answer` waits for what comes back."""
        self._generation = generation
        self._answer = asyncio.get_running_loop().create_future()
        self.on_candidate = on_candidate
        await self._say(type="offer", sdp=sdp, generation=generation, voice="echo")

    async def answer(self) -> str:
        """:raises ProbeError: none comes."""
        return await self.wait(self._answer, ANSWER_S, "The answer to the offer")

    async def candidate(self, candidate: Candidate, ufrag: str) -> None:
        init = {
            "candidate": f"candidate:{candidate.to_sdp()}",
            "sdpMid": "0",
            "sdpMLineIndex": 0,
            "usernameFragment": ufrag,
        }
        await self._say(type="candidate", candidate=init, generation=self._generation)

    async def hang_up(self) -> None:
        await self._say(type="bye", reason="hangup")

    async def close(self) -> None:
        self._reader.cancel()
        await self._connection.close()
        for future in (self.failed, self._ready, self._answer):
            if future.done() and not future.cancelled():
                future.exception()  # or asyncio says that nobody has looked at it

    async def wait(self, result: "asyncio.Future[T]", seconds: float, what: str) -> T:
        """Wait for what the server shall say or do.

        :param what: for the sentence, if it does not come.
        :raises ProbeError: it does not come, or the server ends the call first.
        """
        done, _ = await asyncio.wait(
            (result, self.failed), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if self.failed in done:
            self.failed.result()
        if result in done:
            return result.result()
        raise await self._site.trouble(self._page) or faults.no_answer(what, seconds)

    async def _say(self, **message: Any) -> None:
        try:
            await self._connection.send(json.dumps(message))
        except ConnectionClosed:
            if self.failed.done():
                self.failed.result()
            raise faults.ended("") from None

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                await self._hear(json.loads(text))
            raise faults.ended("")
        except ConnectionClosed:
            self._fail(faults.ended(""))
        except (ProbeError, MovedError) as exc:
            self._fail(exc)

    def _fail(self, exc: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(exc)

    async def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ready" if not self._ready.done():
                self._ready.set_result(None)
            case "answer" if message["generation"] == self._generation and not self._answer.done():
                self._answer.set_result(message["sdp"])
            case "candidate" if message["generation"] == self._generation and message["candidate"]:
                await self.on_candidate(_read(message["candidate"]["candidate"]))
            case "waiting":
                raise await self._site.trouble(self._page) or faults.busy()
            case "move":
                raise MovedError
            case "bye":
                blocked = message["reason"] == "network_blocked"
                raise BlockedError if blocked else faults.ended(message["reason"])
            case "error":
                raise await self._refused(message["code"])

    async def _refused(self, code: str) -> ProbeError:
        if code in _REFUSALS:
            return _REFUSALS[code]()
        found = await self._site.trouble(self._page)
        if found is not None:
            return found
        return faults.busy() if code == "busy" else faults.refused(code)


async def _ignore(candidate: Candidate) -> None:
    """Before the first offer there is no path to take it."""


def _read(line: str) -> Candidate:
    return Candidate.from_sdp(line.removeprefix("candidate:"))
