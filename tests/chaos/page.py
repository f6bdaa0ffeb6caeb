"""The signalling of a caller, which comes back as the page does (``static/js/link/signal.js``)."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

REOPEN_S: Final = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
GREETING_S: Final = (1.5, 3.0, 6.0)
ANSWER_S: Final = 1.0
ASKED_S: Final = 10.0


class RefusedError(Exception):
    """The server told the page why there is no call, or no longer one: an error, or a goodbye."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told)
        self.told = told


@dataclass
class _Offer:
    message: dict[str, Any]
    answer: "asyncio.Future[str]"


class Page:
    """One call's sockets, one after the other.

    :param urls: of the processes with pages. A socket that is lost is opened at the next one, as
        a load balancer would have it.
    :param address: the caller's.
    :param on_move: called when the server asks the page to move to another worker.
    :param voice: of the bot.
    :param source: the token with the label of the call; '' if it has none.

    :ivar lost: how often a socket was lost, or could not be opened.
    :ivar reports: how many reports were sent.
    :ivar places: in line, as the server told them while there was no line.
    """

    def __init__(
        self,
        urls: Sequence[str],
        address: str,
        on_move: Callable[[], None],
        voice: str = "echo",
        source: str = "",
    ) -> None:
        self._urls = itertools.cycle(urls)
        self.url = next(self._urls)
        self._address = {"X-Forwarded-For": address}
        self._on_move = on_move
        self._voice = voice
        self._source = source
        self._ticket = ""
        self._claim: dict[str, str] | None = None
        self._ready: dict[str, Any] = {}
        self._greeted = asyncio.Event()
        self._offer: _Offer | None = None
        self._is_waiting = False
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self.lost = 0
        self.reports = 0
        self.places: list[int] = []
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """The server's word for the end of the call, as soon as there is one."""

    async def open(self) -> None:
        """Get a ticket and open a socket, as the page does before the tap."""
        if self._task is None:
            async with httpx.AsyncClient(timeout=ASKED_S) as http:
                answer = await http.get(
                    f"{self.url}api/ticket/", params={"from": self._source}, headers=self._address
                )
            self._ticket = answer.raise_for_status().json()["ticket"]
            self._task = asyncio.create_task(self._run())
        await self._greeted.wait()

    @property
    def has_socket(self) -> bool:
        """Whether there is a socket that the server has greeted."""
        return self._greeted.is_set()

    async def offer(self, sdp: str, generation: int = 1) -> str:
        """Offer the call, or another peer connection for it, and return the answer.

        :param generation: more than 1 restarts the ICE of the peer connection.
        :raises RefusedError: if there is none.
        """
        message = {"type": "offer", "sdp": sdp, "generation": generation}
        if self._claim is None:
            message["voice"] = self._voice
        elif generation == 1:
            message["rejoin"] = True
        offer = _Offer(message, asyncio.get_running_loop().create_future())
        self._offer = offer
        await self._say(message)
        while True:
            done, _ = await asyncio.wait(
                (offer.answer, self.over), timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED
            )
            if offer.answer in done:
                return offer.answer.result()
            if self.over in done:
                raise RefusedError({"type": "bye", "reason": self.over.result()})
            if self._claim and self._socket:
                await self._socket.close()

    async def chat(self) -> None:
        """Say what a page says now and then: one message for the bot, and one for the database."""
        await self._say({"type": "hears", "media": True})
        self.reports += 1
        event = {"at": round(1000 * time.time()), "kind": "chaos", "detail": {}}
        await self._say({"type": "report", "events": [event]})

    async def hang_up(self) -> None:
        """Say goodbye, again on each new socket until the server has heard it, and close."""
        while not self.over.done():
            await self._greeted.wait()
            await self._say({"type": "bye", "reason": "hangup"})
            await asyncio.wait((self.over,), timeout=ANSWER_S)
        await self.close()

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))
        if self._socket:
            await self._socket.close()

    async def _say(self, message: dict[str, Any]) -> None:
        if self._socket:
            with suppress(ConnectionClosed):  # what is pending is said on the next one
                await self._socket.send(json.dumps(message))

    async def _run(self) -> None:
        failures = 0
        while not self.over.done():
            self._greeted.clear()
            with suppress(OSError, TimeoutError, InvalidHandshake, ConnectionClosed):
                await self._one_socket(GREETING_S[min(failures, len(GREETING_S) - 1)])
            if self._greeted.is_set():
                failures = 0
            self._socket = None
            self.lost += 1
            await asyncio.sleep(REOPEN_S[min(failures, len(REOPEN_S) - 1)])
            failures += 1
            self.url = next(self._urls)

    async def _one_socket(self, greeting_s: float) -> None:
        """Open a socket, take the call over, and read until the socket closes."""
        async with asyncio.timeout(greeting_s) as patience:
            async with connect(
                f"{self.url.replace('http', 'ws', 1)}ws/call/?ticket={self._ticket}",
                additional_headers=self._address,
                ping_interval=None,
                compression=None,
            ) as socket:
                greetings = 0
                if self._claim:
                    await socket.send(json.dumps({"type": "resume", **self._claim, **self._told()}))
                async for text in socket:
                    message = json.loads(text)
                    if message["type"] == "ready":
                        greetings += 1
                        if self._claim and greetings == 1:
                            continue
                        patience.reschedule(None)
                        self._ready, self._socket = message, socket
                        self._greeted.set()
                        if self._is_waiting:
                            await self._say({"type": "wait"})
                    elif message["type"] == "enter" and self._offer:
                        await self._say(self._offer.message)
                    else:
                        self._hear(message)

    def _told(self) -> dict[str, Any]:
        """The offer that is still unanswered."""
        if self._offer is None or self._offer.answer.done():
            return {}
        return {"offer": {k: v for k, v in self._offer.message.items() if k != "type"}}

    def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "waiting":
                self._is_waiting = True
                self.places.append(message["place"])
            case "answer":
                self._is_waiting = False
                self._claim = {key: self._ready[key] for key in ("callId", "token")}
                if self._offer and not self._offer.answer.done():
                    self._offer.answer.set_result(message["sdp"])
            case "move":
                self._on_move()
            case "bye":
                self._end(message["reason"])
            case "error" if message["code"] == "call_unknown":
                self._end(message["code"])
            case "error":
                if self._claim is None and self._offer and not self._offer.answer.done():
                    self._offer.answer.set_exception(RefusedError(message))

    def _end(self, why: str) -> None:
        if not self.over.done():
            self.over.set_result(why)
