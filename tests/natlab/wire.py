"""A wire between two namespaces that delays, loses and logs packets, as netem would.

It runs as a process of its own (``python -m tests.natlab.wire``), reads its orders as lines of JSON
from its standard input, and writes what it delivers to a log. Its ends are TUN devices: plain IP.
"""

import contextlib
import enum
import fcntl
import heapq
import itertools
import json
import math
import os
import random
import select
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .namespace import Namespace, enter

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_UDP = 17
_RECORD = struct.Struct("<dBBH")
MTU = 1500


class Direction(enum.IntEnum):
    UP = 0
    """From the first namespace to the second."""
    DOWN = 1


class Kind(enum.IntEnum):
    """What a packet is, by its first byte (RFC 7983), or what it carries over a TURN channel."""

    OTHER = 0
    STUN = 1
    DTLS = 2
    RTP = 3


class Delivered(NamedTuple):
    at: float
    """When it arrived, on the machine's monotonic clock, in seconds."""
    direction: Direction
    kind: Kind
    length: int


@dataclass
class Quality:
    """How the wire treats packets. Times are in seconds, shares from 0 to 1."""

    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    udp_loss: float = 0.0
    rate: float = math.inf
    """Bits per second, each way. Packets that do not fit wait, as in a router with much memory."""
    drop: bool = False
    """Nothing passes, and there is no error."""


class Wire:
    """Builds the wire, gives it orders, and reads its log."""

    def __init__(
        self, near: Namespace, near_device: str, far: Namespace, far_device: str, folder: Path
    ) -> None:
        self._log = folder / f"{near.name}-{near_device}.log"
        ends = (near.name, near_device, far.name, far_device)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.natlab.wire", *ends, str(self._log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"no wire between {near.name} and {far.name}")

    def set(self, **quality: float | bool) -> None:
        """Change fields of :class:`Quality` from now on."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(quality) + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def delivered(self) -> list[Delivered]:
        """Return every packet that has come through so far."""
        self.set()
        records = _RECORD.iter_unpack(self._log.read_bytes())
        return [Delivered(at, Direction(d), Kind(k), length) for at, d, k, length in records]

    def last(self, kind: Kind, *directions: Direction) -> float:
        """Return when the last packet of this kind came through, by default in any direction."""
        wanted = directions or tuple(Direction)
        seen = (p.at for p in self.delivered() if p.kind is kind and p.direction in wanted)
        return max(seen, default=0.0)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@dataclass
class _Forwarder:
    ends: tuple[int, int]
    log: BinaryIO
    quality: Quality = field(default_factory=Quality)
    queue: list[tuple[float, int, int, bytes]] = field(default_factory=list)
    order: "itertools.count[int]" = field(default_factory=itertools.count)
    busy: list[float] = field(default_factory=lambda: [0.0, 0.0])
    last: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def run(self) -> None:
        print("ready", flush=True)
        poll = select.epoll()
        for fd in (*self.ends, sys.stdin.fileno()):
            poll.register(fd, select.EPOLLIN)
        while True:
            wait = max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else -1
            for fd, _ in poll.poll(wait):
                if fd == sys.stdin.fileno():
                    if not self._obey(sys.stdin.readline()):
                        return
                else:
                    self._take(self.ends.index(fd))
            self._deliver_due()

    def _obey(self, line: str) -> bool:
        for name, value in json.loads(line or "{}").items():
            setattr(self.quality, name, value)
        self.log.flush()
        if line:
            print("done", flush=True)
        return bool(line)

    def _take(self, direction: int) -> None:
        packet = os.read(self.ends[direction], 65535)
        quality = self.quality
        loss = max(quality.loss, quality.udp_loss if _protocol(packet) == _UDP else 0.0)
        if quality.drop or (loss and random.random() < loss):
            return
        self.busy[direction] = sent = (
            max(time.monotonic(), self.busy[direction]) + 8 * len(packet) / quality.rate
        )
        due = sent + quality.delay + quality.jitter * random.random()
        # Jitter must not change the order of the packets.
        self.last[direction] = due = max(due, self.last[direction])
        heapq.heappush(self.queue, (due, next(self.order), direction, packet))

    def _deliver_due(self) -> None:
        now = time.monotonic()
        while self.queue and self.queue[0][0] <= now:
            _, _, direction, packet = heapq.heappop(self.queue)
            if self.quality.drop:
                continue
            with contextlib.suppress(OSError):  # the device may be down
                os.write(self.ends[1 - direction], packet)
                self.log.write(_RECORD.pack(now, direction, _kind(packet), len(packet)))


def _protocol(packet: bytes) -> int:
    return packet[9] if packet[0] >> 4 == 4 else packet[6]


def _kind(packet: bytes) -> Kind:
    payload = (packet[0] & 0x0F) * 4 + 8 if packet[0] >> 4 == 4 else 48
    if _protocol(packet) != _UDP or len(packet) <= payload + 4:
        return Kind.OTHER
    first = packet[payload]
    if 63 < first < 80:
        first = packet[payload + 4]  # ChannelData (RFC 8656, 12.4)
    if 127 < first < 192:
        return Kind.RTP
    if 19 < first < 64:
        return Kind.DTLS
    return Kind.STUN if first < 4 else Kind.OTHER


def _open_device(namespace: str, name: str) -> int:
    enter(namespace)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI)
    fcntl.ioctl(device, _TUNSETIFF, request)
    return device


if __name__ == "__main__":
    near, near_device, far, far_device, log = sys.argv[1:]
    ends = (_open_device(near, near_device), _open_device(far, far_device))
    with Path(log).open("wb") as file:
        _Forwarder(ends, file).run()
