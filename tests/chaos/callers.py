"""Callers of the echo, who stay on the phone while something fails, and what they hear."""

import asyncio
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from aiortc import RTCCertificate

from tests.bench.load import recording
from tests.bench.load.line import Line

from .page import Page

CALLERS: Final = 60
"""So many at once, beside all processes of the product, on two cores."""
AT_ONCE: Final = 4
PACKET_S: Final = 0.02
GROUPS: Final = 10
MOVED_WITHIN_S: Final = 20.0
ON_THE_WAY: Final = 25
"""Packets of half a second: a machine that others use too may be as late."""
LISTENED_S: Final = 2.0
CHAT_S: Final = 2.0


class Heard:
    """What came over one connection. The echo leaves out the number of a packet that never came to
    it, so a number that is missing here was lost on the way there, or on the way back.
    """

    def __init__(self) -> None:
        self.received = 0
        self._first = self._last = 0

    def add(self, data: bytes) -> None:
        number = int.from_bytes(data[2:4])
        if self.received == 0:
            self._first = self._last = number
        ahead = (number - self._last) & 0xFFFF
        self._last += ahead if ahead < 0x8000 else 0
        self.received += 1

    @property
    def lost(self) -> int:
        return self._last - self._first + 1 - self.received if self.received else 0


class HeardLine(Line):
    """A line that looks at the number of each packet.

    :param on_packet: called with each packet that comes.
    """

    def __init__(self, page: Page, packets: Sequence[bytes], on_packet: Callable[[], None]) -> None:
        super().__init__(_Peer(page), packets)
        self._on_packet = on_packet
        self.counts = Heard()

    async def abandon(self) -> None:
        """Close what an attempt to connect has opened."""
        await self._wire.agent.close()

    def _hear(self, data: bytes) -> None:
        super()._hear(data)
        if not 192 <= data[1] <= 223:  # RTCP
            self.counts.add(data)
            self._on_packet()


class _Peer:
    """The signalling of one of a call's peer connections."""

    channel = "heartbeat"
    hello = '{"type": "pipecat.ping", "id": 1, "ts": 0}'

    def __init__(self, page: Page) -> None:
        self._page = page
        self._generation = 0

    async def open(self) -> None:
        await self._page.open()

    async def answer(self, offer: str) -> str:
        self._generation += 1
        return await self._page.offer(offer, self._generation)

    async def close(self) -> None:
        """The call may go on over another one."""


class Caller:
    """A caller.

    :param voice: of the bot.
    :param source: the token with the label of the call; '' if it has none.

    :ivar moves: how often the call came to another worker.
    :ivar longest_gap_s: the longest time without a packet since :meth:`clear`.
    """

    def __init__(
        self,
        urls: Sequence[str],
        address: str,
        certificate: RTCCertificate,
        packets: Sequence[bytes],
        voice: str = "echo",
        source: str = "",
    ) -> None:
        self.page = Page(urls, address, self._move, voice, source)
        self._certificate = certificate
        self._packets = packets
        self._line: HeardLine | None = None
        self._moving: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self.moves = 0
        self.longest_gap_s = 0.0
        self._heard_at = time.perf_counter()

    async def call(self) -> None:
        """:raises RefusedError: if the server says why not."""
        self._moving = asyncio.create_task(self._go_elsewhere())
        try:
            await self._is_up()
        except BaseException:
            await self.vanish()
            raise
        self.clear()

    def clear(self) -> None:
        """Count from now on."""
        self.longest_gap_s = 0.0
        self._heard_at = time.perf_counter()
        if self._line:
            self._line.counts = Heard()
            self._line.clear()

    def speak(self) -> None:
        if self._line:
            self._line.speak()

    @property
    def heard(self) -> Heard:
        """What came over its present connection."""
        return self._line.counts if self._line else Heard()

    @property
    def on_the_way(self) -> int:
        """How much of what was said over it has not come back yet."""
        return self._line.sent - self.heard.received if self._line else 0

    async def restart_ice(self) -> None:
        """Restart ICE, unless the call moves to another worker meanwhile."""
        if self._line and not self._is_moving:
            self._restarting = asyncio.create_task(self._line.restart_ice())
            await asyncio.wait((self._restarting,), timeout=MOVED_WITHIN_S)
            if self._restarting.cancel():
                raise TimeoutError("the restart of ICE took too long")
            if not self._restarting.cancelled():
                self._restarting.result()

    async def hang_up(self) -> str:
        """Hang up. Returns the server's word for the end of the call."""
        await self._is_up()
        await self.page.hang_up()
        await self._stop()
        if self._line:
            await self._line.hang_up()
        return self.page.over.result()

    async def vanish(self) -> None:
        """Close everything, and tell nobody."""
        await self.page.close()
        await self._stop()
        if self._line:
            await self._line.vanish()

    async def _stop(self) -> None:
        """Give up what would change the connection."""
        for task in (self._moving, self._restarting):
            if task:
                task.cancel()
                await asyncio.wait((task,))

    async def _is_up(self) -> None:
        """Wait until the call is connected, wherever the server has asked it to go meanwhile."""
        moving = None
        while self._moving and self._moving is not moving:
            moving = self._moving
            await asyncio.wait((moving,))
        if moving:
            moving.result()

    @property
    def _is_moving(self) -> bool:
        return self._moving is not None and not self._moving.done()

    async def _connected(self) -> HeardLine:
        line = HeardLine(self.page, self._packets, self._packet)
        try:
            async with asyncio.timeout(MOVED_WITHIN_S):
                await line.connect(self._certificate)
        except BaseException:
            await line.abandon()
            raise
        return line

    def _packet(self) -> None:
        now = time.perf_counter()
        self.longest_gap_s = max(self.longest_gap_s, now - self._heard_at)
        self._heard_at = now

    def _move(self) -> None:
        for task in (self._moving, self._restarting):
            if task:
                task.cancel()
        self._moving = asyncio.create_task(self._go_elsewhere())

    async def _go_elsewhere(self) -> None:
        before, self._line = self._line, await self._connected()
        if before:
            self.moves += 1
            await asyncio.shield(before.hang_up())


class Callers:
    """All callers of a test, and the clock that lets them speak.

    :param urls: of the processes with pages.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._certificate = RTCCertificate.generateCertificate()
        self._packets = recording.packets()
        self._numbers = itertools.count(1)
        self._tasks = [asyncio.create_task(self._speak()), asyncio.create_task(self._chat())]
        self.up: list[Caller] = []
        self._reports = 0
        self.ended: Counter[tuple[str, str]] = Counter()
        """How calls ended, as their callers know: state and reason, as the database has them."""

    async def call(self, count: int = CALLERS) -> None:
        """Let so many call."""
        for start in range(0, count, AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for _ in range(start, min(count, start + AT_ONCE)):
                    group.create_task(self.one())
        self.clear()

    async def one(self, voice: str = "echo", source: str = "") -> Caller:
        """:raises RefusedError: if the server says why there is no call."""
        number = next(self._numbers)
        first = number % len(self._urls)
        urls = [*self._urls[first:], *self._urls[:first]]
        address = address_of(number)
        caller = Caller(urls, address, self._certificate, self._packets, voice, source)
        await caller.call()
        self.up.append(caller)
        return caller

    def clear(self) -> None:
        """Count from now on."""
        for caller in self.up:
            caller.clear()

    def assert_nothing_lost(self) -> None:
        """Since :meth:`clear`, every packet has come back to every caller, but those on the way."""
        lost = [caller.heard.lost for caller in self.up]
        assert sum(lost) == 0, lost
        on_the_way = [caller.on_the_way for caller in self.up]
        assert max(on_the_way) <= ON_THE_WAY, on_the_way

    async def assert_all_are_up(self) -> None:
        """What is said from now on comes back."""
        self.clear()
        await asyncio.sleep(LISTENED_S)
        self.assert_nothing_lost()

    def longest_gap_s(self) -> float:
        """The longest time that a caller has heard nothing."""
        return max(caller.longest_gap_s for caller in self.up)

    async def moved(self) -> int:
        """How often a call came to another worker."""
        return sum(caller.moves for caller in self.up)

    async def lost_sockets(self) -> int:
        """How often a socket was lost, or could not be opened."""
        return sum(caller.page.lost for caller in self.up)

    @property
    def reports(self) -> int:
        """How many reports were sent for the timelines."""
        return self._reports + sum(caller.page.reports for caller in self.up)

    async def have_sockets(self) -> bool:
        """Whether each call has a socket that the server has greeted."""
        return all(caller.page.has_socket for caller in self.up)

    async def hang_up(self, count: int = sys.maxsize) -> None:
        """Let so many hang up, and note how each call ended."""
        callers, self.up = self.up[:count], self.up[count:]
        self._reports += sum(caller.page.reports for caller in callers)
        for word in await asyncio.gather(*(caller.hang_up() for caller in callers)):
            self.ended[_as_written(word)] += 1

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(caller.vanish() for caller in self.up))

    async def _chat(self) -> None:
        while True:
            await asyncio.sleep(CHAT_S)
            await asyncio.gather(*(caller.page.chat() for caller in [*self.up]))

    async def _speak(self) -> None:
        step, due = 0, time.perf_counter()
        while True:
            for caller in self.up[step % GROUPS :: GROUPS]:
                caller.speak()
            step += 1
            due += PACKET_S / GROUPS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))


def address_of(number: int) -> str:
    """The address of a caller's, so that each is a network of its own."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _as_written(word: str) -> tuple[str, str]:
    """State and reason of the row of a call whose server said this at its end."""
    return {"ended": ("ended", "hangup"), "call_lost": ("failed", "call_lost")}[word]
