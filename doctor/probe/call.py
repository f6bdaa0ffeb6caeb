"""One call of the probe, from its first offer until it hangs up."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from aioice.candidate import Candidate
from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.utils import random32
from pylibsrtp import Session

from bot.peer.aiortc_compat import srtp_sessions

from . import faults, offer
from .diagnosis import explain
from .faults import BlockedError, MovedError, ProbeError
from .line import Line
from .path import CONNECT_S, NoPathError, Path, Terms
from .speech import Speaker, Word, words

PATH_S: Final = 2 * CONNECT_S
DTLS_S: Final = 8.0
ECHO_S: Final = 4.0
"""From the beginning of a word until more than half of it has come back."""


class _Media:
    """What DTLS takes for an ICE transport. It sends on the newest path and hears all."""

    role = "controlled"
    """Makes aiortc the DTLS client, as the bot is the server."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.speaker: Speaker | None = None
        self._records: asyncio.Queue[bytes] = asyncio.Queue()

    def deliver(self, data: bytes) -> None:
        """Take a packet from a path: DTLS, or RTP (RFC 7983)."""
        if 20 <= data[0] <= 63:
            self._records.put_nowait(data)
        elif 128 <= data[0] <= 191 and self.speaker is not None:
            self.speaker.hear(data)

    async def _recv(self) -> bytes:
        return await self._records.get()

    async def _send(self, data: bytes) -> None:
        if self.path is None:
            raise ConnectionError("no path")
        await self.path.send(data)

    async def send(self, data: bytes) -> None:
        with suppress(ConnectionError):  # the path is gone, and the echo will not come
            await self._send(data)


class Call:
    """A call with the echo.

    :param line: an open socket.
    :param page_host: the name or address that the page came from.
    :param stages: takes how long each stage took, in seconds. ``answer``: from the offer to its
        answer; ``connected``: from the offer until DTLS was up; ``heard``: from the offer to the
        first packet of the echo; ``echo``: how long a packet takes to come back (the median);
        ``restart``: from the second offer until its path was up.
    """

    def __init__(self, line: Line, terms: Terms, page_host: str, stages: dict[str, float]) -> None:
        self._stages = stages
        self._line = line
        self._terms = terms
        self._page_host = page_host
        self._media = _Media()
        self._dtls = RTCDtlsTransport(self._media, [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
        self._ssrc = random32()
        self._generation = 0
        self._paths: list[Path] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._offered_at = 0.0

    async def connect(self) -> None:
        """Offer the call, and wait until its media can go.

        :raises ProbeError: it cannot be had.
        """
        try:
            answer = await self._open_path()
        except (NoPathError, BlockedError):
            raise await explain(self._paths[0], self._page_host) from None
        self._media.path = self._paths[0]
        await self._secure(answer)
        self._since_offer("connected")

    async def hear_echo(self) -> None:
        """Say a word and hear it.

        :raises ProbeError: it does not come back.
        """
        word = await self._echo(0)
        self._stages["heard"] = word.first_heard_at - self._offered_at
        self._stages["echo"] = sorted(word.echo_s)[len(word.echo_s) // 2]

    async def restart(self) -> None:
        """Restart ICE in mid-call, and hear the echo over the new path.

        :raises ProbeError: one of these fails.
        """
        before = self._paths[0]
        try:
            await self._open_path()
            self._media.path = self._paths[1]
            self._since_offer("restart")
            await before.release()
            await self._echo(1)
        except NoPathError:
            raise faults.restart_failed("No new path to the bot is found.") from None
        except ProbeError as exc:
            raise faults.restart_failed(exc.fault.sentence) from None

    async def close(self) -> None:
        """Hang up, and give everything back."""
        with suppress(ProbeError, MovedError):  # the server was faster
            await self._line.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(ConnectionError):
            await self._dtls.stop()
        await asyncio.gather(*(path.release() for path in self._paths))

    async def _open_path(self) -> offer.Answer:
        """Open the path of another generation: the first, or that of a restart.

        :raises NoPathError: the bot answers, and no pair works.
        """
        controlling = self._paths[-1].ice_controlling if self._paths else True
        path = Path(self._terms, self._media.deliver, self._trickle, controlling=controlling)
        self._paths.append(path)
        await path.gather_candidates()
        self._generation += 1
        self._offered_at = time.perf_counter()
        fingerprint = self._dtls.getLocalParameters().fingerprints[0]
        sdp = offer.write(
            self._generation, self._ssrc, fingerprint, path.credentials, path.local_candidates
        )
        await self._line.offer(sdp, self._generation, path.name)
        path.ask_stun()
        answer = offer.read(await self._line.answer())
        if self._generation == 1:
            self._since_offer("answer")
        for candidate in answer.candidates:
            await path.name(candidate)
        establishing = asyncio.ensure_future(path.establish(answer.credentials))
        try:
            await self._line.wait(establishing, PATH_S, "A path")
        finally:
            establishing.cancel()
        return answer

    async def _secure(self, answer: offer.Answer) -> None:
        try:
            async with asyncio.timeout(DTLS_S):
                await self._dtls.start(answer.dtls)
        except TimeoutError:
            raise faults.dtls() from None
        if self._dtls.state != "connected":
            raise faults.dtls()
        sessions: tuple[Session, Session] = srtp_sessions(self._dtls)
        self._media.speaker = Speaker(self._ssrc, sessions, self._media.send)
        self._spawn(self._media.speaker.run())

    async def _echo(self, number: int) -> Word:
        word = Word(words()[number])
        speaker = self._media.speaker
        assert speaker is not None
        speaker.say(word)
        heard = asyncio.ensure_future(self._wait_for(word))
        try:
            await self._line.wait(heard, 2 * ECHO_S, "The echo")
        finally:
            heard.cancel()
        return word

    async def _wait_for(self, word: Word) -> None:
        try:
            async with asyncio.timeout(ECHO_S):
                await word.heard.wait()
        except TimeoutError:
            raise faults.muted(len(word.echo_s), len(word.packets)) from None

    def _since_offer(self, stage: str) -> None:
        self._stages[stage] = time.perf_counter() - self._offered_at

    def _trickle(self, path: Path, candidate: Candidate) -> None:
        if path is self._paths[-1]:
            self._spawn(self._tell(candidate, path.credentials.ufrag))

    async def _tell(self, candidate: Candidate, ufrag: str) -> None:
        with suppress(ProbeError, MovedError):  # whoever waits on the line is told
            await self._line.candidate(candidate, ufrag)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
