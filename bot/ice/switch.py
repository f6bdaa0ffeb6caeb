"""The switch between the paths of one call, which DTLS uses as its ICE transport."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

from .path import NOMINATION_S, SILENT_S, Path, is_rtp

RETIRE_S: Final = 2.0
"""If nothing arrives on a replaced path for this long, the peer has left it."""
UNDER_WAY: Final = 5
"""Packets that may still be under way on the old path when the peer leaves it: 100 ms of audio."""
MAX_PATHS: Final = 4
"""The active one, the next one, and two that the peer may still be leaving. Each may hold
allocations on TURN servers."""
OVERLAP_S: Final = 0.2
"""After a promotion packets go over the old path too, until the peer is heard on the new one, but
no longer than this (docs/browsers.md#chromium-stays-where-heard)."""
APPLICATION_DATA: Final = 23
"""Content type of a DTLS record that carries SCTP (RFC 8446, B.1)."""
QUEUE_PACKETS: Final = 256
"""DTLS and SCTP packets that may wait for aiortc. More are dropped."""


class PathState(StrEnum):
    NEW = "new"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


class SwitchObserver(Protocol):
    """Receives the events of a switch."""

    def path_state(self, state: PathState) -> None: ...

    def path_changed(self, path: Path) -> None: ...

    def pair_nominated(self, pair: dict[str, str]) -> None: ...


class Switch:
    """Owns zero or more paths, sends on the active one and delivers from all of them.

    aiortc's ``RTCDtlsTransport`` uses its ``_recv``, ``_send`` and ``role``. They never fail for
    lack of a path, so the DTLS and SCTP associations and the RTP state outlive every path (RFC
    8445, 9: an ICE restart does not interrupt the data streams). Losing a path is not an error.
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
        """While the peer moves from one path to another: the one of the two that is not active."""
        self._overlap: asyncio.TimerHandle | None = None
        """Ends the sending on the other path."""
        self._nominated: set[Path] = set()
        """Paths that the peer was asked to move to."""
        self._heard_first_on: Path | None = None
        """Where the peer was heard first after the latest silence. SCTP repeated its packets then,
        perhaps over another path that is dead."""
        self._sent: deque[bytes] = deque(maxlen=UNDER_WAY)
        self._abandoning: set[Path] = set()
        self._retirements: dict[Path, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.state = PathState.NEW
        self.last_heard = self._loop.time()
        """When the last packet other than STUN arrived, in seconds of the loop's clock."""
        self.is_proved = False
        """Whether the peer has sent an authentic check or answer, on any path so far."""
        self.connected = asyncio.Event()
        """Set once the first path is up; it stays set."""
        self.on_restored: Callable[[], None] | None = None
        """Called when the peer is heard again after a silence, and there is a path to it."""
        self.on_rtp: Callable[[bytes], bool] | None = None
        """Gets SRTP and SRTCP packets as they arrive, without DTLS (RFC 7983), and returns whether
        they were authentic."""

    @property
    def active(self) -> Path | None:
        return self._active

    @property
    def is_silent(self) -> bool:
        """Whether nothing is lost by sending on another path: there is none, or it is silent."""
        return self._active is None or self._loop.time() - self.last_heard > SILENT_S

    # What RTCDtlsTransport expects of an RTCIceTransport.

    async def _recv(self) -> bytes:
        data = await self._queue.get()
        if data is None:
            raise ConnectionError("the call has ended")
        return data

    async def _send(self, data: bytes) -> None:
        """Send a DTLS packet, unless it carries SCTP and the peer is silent.

        Such a packet could arrive before the peer has a path to acknowledge it on. In Firefox, a
        write without a path breaks the DTLS association (docs/browsers.md#firefox-dtls-write). SCTP
        repeats the packet once the peer is heard.
        """
        if data[0] == APPLICATION_DATA and self.is_silent:
            return
        self.send(data)

    # For the paths and the audio stream.

    def send(self, data: bytes) -> None:
        self._sent.append(data)
        if self._active is not None:
            self._active.transmit(data)
        if self._other is not None:
            self._other.transmit(data)

    def deliver(self, path: Path, data: bytes) -> None:
        """Take a datagram that arrived on ``path``, active or not."""
        if not data:
            return
        self._heard(path)
        if is_rtp(data):
            if self.on_rtp is not None:
                self.on_rtp(data)
        elif not self._queue.full():
            self._queue.put_nowait(data)

    def accept(self, path: Path, data: bytes) -> bool:
        """Take a datagram from an unchecked address, if it is authentic media.

        :returns: whether it was.
        """
        if self.on_rtp is None or not is_rtp(data) or not self.on_rtp(data):
            return False
        self._heard(path)
        return True

    def add(self, path: Path, *, abandon: bool = False) -> None:
        """Own ``path``, which is still being checked. If there are too many, an early one closes.

        A peer may restart ICE as often as it likes, and send something on every path it ever had.

        :param abandon: drop all earlier paths when this one is promoted. A peer that still hears
            something on a crippled path would go on sending there.
        """
        self._paths.append(path)
        if abandon:
            self._abandoning.add(path)
        if len(self._paths) > MAX_PATHS:
            self.drop(next(early for early in self._paths if early is not self._active))

    def is_superseded(self, path: Path) -> bool:
        """Whether the call has moved on to a later ICE generation."""
        if path not in self._paths or self._active is None:
            return False
        return self._paths.index(path) < self._paths.index(self._active)

    def nominate(self, path: Path) -> None:
        """The peer is asked to move to ``path``: send there too, until it confirms.

        From some moment after the nomination, Firefox drops what comes on the old path, even what
        was sent before (docs/browsers.md#firefox-drops-old-path). Confirming takes two round trips
        in most cases. If the nomination fails, packets go over both paths for
        :data:`NOMINATION_S`, and later nominations of the path do not repeat that: a peer that
        never confirms would get everything twice all the time.

        What arrives twice counts once, as SRTP and DTLS discard replays (RFC 3711, 3.3.2; RFC 6347,
        4.1.2.6).
        """
        if path not in self._paths or path is self._active or path in self._nominated:
            return
        if self._active is None or self.is_superseded(path):
            return
        self._nominated.add(path)
        self._send_also_on(path, NOMINATION_S)
        self._repeat(path)

    def prove(self) -> None:
        """The peer sent an authentic check, or an authentic answer to one of ours."""
        self.is_proved = True

    def promote(self, path: Path) -> None:
        """Send on ``path`` from now on. The one before stays until the peer has left it.

        A superseded path is not promoted again: its pairs still answer, but it is about to close.
        """
        if path not in self._paths or path is self._active or self.is_superseded(path):
            return
        replaced, self._active = self._active, path
        self._send_on_one()
        if replaced is not None and path in self._nominated and not self.is_silent:
            self._send_also_on(replaced, OVERLAP_S)
        if path in self._abandoning:
            for earlier in self._paths[: self._paths.index(path)]:
                self.drop(earlier)
        elif replaced is not None:
            self._retire_when_silent(replaced)
        self.connected.set()
        self._set_state(PathState.CONNECTED)
        if replaced is None or path is self._heard_first_on:
            self._heard_again()

    def pair_nominated(self, pair: dict[str, str]) -> None:
        self._observer.pair_nominated(pair)

    def pair_changed(self, path: Path) -> None:
        """The selected candidate pair of ``path`` is another one."""
        if path is self._active:
            self._observer.path_changed(path)

    def drop(self, path: Path) -> None:
        """Close ``path``, which is dead or superseded. The call goes on without one."""
        if path not in self._paths:
            return
        self._paths.remove(path)
        self._abandoning.discard(path)
        self._nominated.discard(path)
        if path is self._other:
            self._send_on_one()
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
        """The peer has moved to ``path``, and drops what is under way on the other one."""
        self._send_on_one()
        self._repeat(path)

    def _send_also_on(self, path: Path, seconds: float) -> None:
        """Send everything on ``path`` too, for so long at most."""
        self._send_on_one()
        self._other = path
        self._overlap = self._loop.call_later(seconds, self._send_on_one)

    def _send_on_one(self) -> None:
        """Send on the active path only."""
        self._other = None
        if self._overlap is not None:
            self._overlap.cancel()
            self._overlap = None

    def _repeat(self, path: Path) -> None:
        for data in self._sent:
            path.transmit(data)

    def _heard_again(self) -> None:
        if self.on_restored is not None and not self.is_silent:
            self.on_restored()

    def _retire_when_silent(self, path: Path) -> None:
        quiet = self._loop.time() - path.last_heard
        if quiet >= RETIRE_S:
            self.drop(path)
            return
        self._retirements[path] = self._loop.call_later(
            RETIRE_S - quiet, self._retire_when_silent, path
        )

    def _set_state(self, state: PathState) -> None:
        if state is not self.state and self.state is not PathState.CLOSED:
            self.state = state
            self._observer.path_state(state)
