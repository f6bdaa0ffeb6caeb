"""What DTLS takes for its ICE transport: a switch over the paths of one call."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from .path import SILENT_S, Path, is_rtp

# Nothing has arrived on a replaced path for this long: the peer has left it. Seconds.
RETIRE_AFTER = 2.0
# Packets that may still be under way on the old path when the peer leaves it: 100 ms of audio.
UNDER_WAY = 5
# For so long after a promotion packets go over the old path too, where the peer is not heard on the
# new one. Chromium stays on a path for as long as anything comes there. Seconds.
OVERLAP = 0.2
# The content type of a DTLS record that carries SCTP (RFC 8446, B.1).
APPLICATION_DATA = 23
# DTLS and SCTP packets waiting for aiortc; a flood beyond it is dropped.
QUEUE_PACKETS = 256


class PathState(StrEnum):
    NEW = "new"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


class SwitchObserver(Protocol):
    def path_state(self, state: PathState) -> None: ...

    def path_changed(self, path: Path) -> None: ...


class Switch:
    """Owns zero or more paths; sends on the active one, delivers from all of them.

    aiortc's ``RTCDtlsTransport`` calls ``_recv``, ``_send`` and ``role`` on it. Neither ever fails
    for want of a path, so the DTLS and SCTP associations and the RTP state outlive every one of
    them (RFC 8445, 9: an ICE restart leaves the data streams alone). Losing a path is not an error.
    """

    role = "controlled"

    def __init__(self, observer: SwitchObserver) -> None:
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_PACKETS)
        self._paths: list[Path] = []
        """In the order of their ICE generations."""
        self._active: Path | None = None
        self._other: Path | None = None
        """While the peer goes from one path to the next: the one that is not the active one."""
        self._heard_first_on: Path | None = None
        """Where the peer was heard after the latest silence: what was repeated then may have gone
        over another path, which is dead."""
        self._sent: deque[bytes] = deque(maxlen=UNDER_WAY)
        self._abandoning: set[Path] = set()
        self._retirements: dict[Path, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.state = PathState.NEW
        self.last_heard = self._loop.time()
        """When anything but STUN last arrived on any path, in seconds of the loop's clock."""
        self.connected = asyncio.Event()
        """Set once the first path is up; it stays set."""
        self.on_restored: Callable[[], None] | None = None
        """Called when the peer is heard again after a silence, and there is a way to it."""
        self.on_rtp: Callable[[bytes], bool] | None = None
        """Takes SRTP and SRTCP packets as they come, past DTLS (RFC 7983 demultiplexing), and says
        whether they were authentic."""

    @property
    def active(self) -> Path | None:
        return self._active

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to lose by sending another way."""
        return self._active is None or self._loop.time() - self.last_heard > SILENT_S

    # What RTCDtlsTransport expects of an RTCIceTransport.

    async def _recv(self) -> bytes:
        data = await self._queue.get()
        if data is None:
            raise ConnectionError("the call is over")
        return data

    async def _send(self, data: bytes) -> None:
        """SCTP holds still while the peer is silent, and repeats itself when it is heard again.

        A packet may get through before the peer has a path to acknowledge it on, and Firefox's DTLS
        association does not outlive a write without one.
        """
        if data[0] == APPLICATION_DATA and self.is_silent:
            return
        self.send(data)

    # For the paths and the RTP ends.

    def send(self, data: bytes) -> None:
        self._sent.append(data)
        if self._active is not None:
            self._active.transmit(data)
        if self._other is not None:
            self._other.transmit(data)

    def deliver(self, path: Path, data: bytes) -> None:
        """A datagram arrived on a path, be it the active one or one being replaced."""
        if not data:
            return
        self._heard(path)
        if is_rtp(data):
            if self.on_rtp is not None:
                self.on_rtp(data)
        elif not self._queue.full():
            self._queue.put_nowait(data)

    def accept(self, path: Path, data: bytes) -> bool:
        """A datagram came from where no check has: deliver it if it is authentic media."""
        if self.on_rtp is None or not is_rtp(data) or not self.on_rtp(data):
            return False
        self._heard(path)
        return True

    def add(self, path: Path, *, abandon: bool = False) -> None:
        """Own ``path``, which is still being checked.

        :param abandon: its promotion ends the paths before it. A peer that goes on hearing from a
            crippled one would go on sending there.
        """
        self._paths.append(path)
        if abandon:
            self._abandoning.add(path)

    def is_superseded(self, path: Path) -> bool:
        """Whether the call has moved on to a later ICE generation than that of ``path``."""
        if path not in self._paths or self._active is None:
            return False
        return self._paths.index(path) < self._paths.index(self._active)

    def nominate(self, path: Path) -> None:
        """Send on ``path`` too, until the peer is heard there: two round trips in most cases.

        Firefox drops what comes on the old path from the moment that it takes the nomination, and
        what was sent there shortly before. It may also take it a few checks later than it answers
        the first. What arrives twice is one packet: SRTP and DTLS discard replays (RFC 3711,
        3.3.2; RFC 6347, 4.1.2.6).
        """
        if path not in self._paths or path in (self._active, self._other):
            return
        if self._active is None or self.is_superseded(path):
            return
        self._other = path
        self._repeat(path)

    def promote(self, path: Path) -> None:
        """Send on ``path`` from now on. The one before stays until the peer has left it.

        A superseded path stays superseded: what still answers there is about to go.
        """
        if path not in self._paths or path is self._active or self.is_superseded(path):
            return
        was_nominated = path is self._other
        replaced, self._active = self._active, path
        self._other = None
        if replaced is not None and was_nominated and not self.is_silent:
            self._other = replaced
            self._loop.call_later(OVERLAP, self._leave, replaced)
        if path in self._abandoning:
            for earlier in self._paths[: self._paths.index(path)]:
                self.drop(earlier)
        elif replaced is not None:
            self._retire_when_silent(replaced)
        self.connected.set()
        self._set_state(PathState.CONNECTED)
        if replaced is None or path is self._heard_first_on:
            self._heard_again()

    def pair_changed(self, path: Path) -> None:
        """The selected candidate pair of ``path`` is another one."""
        if path is self._active:
            self._observer.path_changed(path)

    def drop(self, path: Path) -> None:
        """``path`` is dead or superseded. The call goes on without one until the next promotion."""
        if path not in self._paths:
            return
        self._paths.remove(path)
        self._abandoning.discard(path)
        self._leave(path)
        timer = self._retirements.pop(path, None)
        if timer is not None:
            timer.cancel()
        task = self._loop.create_task(path.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        if path is self._active:
            self._active = None
            self._set_state(PathState.DISCONNECTED)

    async def close(self) -> None:
        """Close every path and end aiortc's receive loop."""
        if self.state is PathState.CLOSED:
            return
        self._set_state(PathState.CLOSED)
        for path in list(self._paths):
            self.drop(path)
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(None)
        if self._closing:
            await asyncio.wait(self._closing)

    def _heard(self, path: Path) -> None:
        now = self._loop.time()
        silence, self.last_heard = now - self.last_heard, now
        path.last_heard = now
        if silence > SILENT_S or self._active is None:
            self._heard_first_on = path
            self._heard_again()
        if path is self._active and self._other is not None and self.is_superseded(self._other):
            self._arrived(path)

    def _arrived(self, path: Path) -> None:
        """The peer is on ``path`` now, and drops what is still on its way over the other."""
        self._other = None
        self._repeat(path)

    def _leave(self, path: Path) -> None:
        if path is self._other:
            self._other = None

    def _repeat(self, path: Path) -> None:
        for data in self._sent:
            path.transmit(data)

    def _heard_again(self) -> None:
        if self.on_restored is not None and not self.is_silent:
            self.on_restored()

    def _retire_when_silent(self, path: Path) -> None:
        quiet = self._loop.time() - path.last_heard
        if quiet >= RETIRE_AFTER:
            self.drop(path)
            return
        self._retirements[path] = self._loop.call_later(
            RETIRE_AFTER - quiet, self._retire_when_silent, path
        )

    def _set_state(self, state: PathState) -> None:
        if state is not self.state and self.state is not PathState.CLOSED:
            self.state = state
            self._observer.path_state(state)
