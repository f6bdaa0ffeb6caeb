"""ICE-TCP connections (RFC 6544), with datagrams framed by RFC 4571."""

import asyncio
import ipaddress
import logging
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Final, Protocol

from aioice.candidate import Candidate

from .path import Address, Base

log = logging.getLogger("voicedemo.port")

UNPROVED_S: Final = 10.0
"""A connection that has passed no check by then is closed."""
MAX_UNPROVED_BYTES: Final = 4096
"""A check takes some 150 bytes."""
MAX_UNPROVED: Final = 256
MAX_UNPROVED_OF_NETWORK: Final = 64
"""Phones at a trade fair share an address. Each connection passes a check within a round trip."""
MAX_PROVED: Final = 768
MAX_PROVED_OF_NETWORK: Final = 256
"""Forty phones at a trade fair, with six connections each."""
MAX_UNSENT_BYTES: Final = 64 * 1024
"""If more than this waits for a slow reader, media are dropped instead of sent late."""
FRAMES_AT_ONCE: Final = 64
"""More than a second of audio. Then the other calls get their turn."""
PAUSE_S: Final = 0.02

_LENGTH = struct.Struct("!H")


class TcpPort(Protocol):
    """The port of a connection, as the connection sees it."""

    def receive(self, base: Base, data: bytes, remote: Address) -> None: ...

    def is_routed(self, base: Base, remote: Address) -> bool: ...

    def pass_connection(self, connection: "TcpBase", read: bytes) -> bool: ...

    def base_lost(self, base: Base, remote: Address) -> None: ...


class _Group:
    """Connections that compete for room with each other, the oldest first."""

    def __init__(self) -> None:
        self._networks: dict[TcpBase, str] = {}
        self._of_network = Counter[str]()

    def __iter__(self) -> Iterator["TcpBase"]:
        return iter(self._networks)

    def __len__(self) -> int:
        return len(self._networks)

    def add(self, connection: "TcpBase", *, most: int, most_of_network: int) -> "TcpBase | None":
        """Take ``connection`` in.

        :param most: so many may be open.
        :param most_of_network: so many of one network may be.
        :returns: the one that has to go, if there are too many: the oldest of the network that has
            too many, or else of the one that has the most.
        """
        network = _network_of(connection.remote[0])
        self._networks[connection] = network
        self._of_network[network] += 1
        if self._of_network[network] > most_of_network:
            return self._oldest_of(network)
        if len(self._networks) > most:
            return self._oldest_of(max(self._of_network, key=self._of_network.__getitem__))
        return None

    def remove(self, connection: "TcpBase") -> bool:
        """Forget ``connection``; returns whether it was here."""
        network = self._networks.pop(connection, None)
        if network is None:
            return False
        self._of_network[network] -= 1
        if not self._of_network[network]:
            del self._of_network[network]
        return True

    def _oldest_of(self, network: str) -> "TcpBase":
        return next(c for c, found in self._networks.items() if found == network)


class TcpConnections:
    """The connections to one port.

    One is unproved until it has passed a check. Those that are have a limit of their own. So nobody
    can keep new callers out, or end calls, with connections that say nothing. In both groups a
    newcomer finds room, and the network that has the most makes it.
    """

    def __init__(self) -> None:
        self._unproved = _Group()
        self._proved = _Group()

    def __len__(self) -> int:
        return len(self._unproved) + len(self._proved)

    def opened(self, connection: "TcpBase") -> None:
        self._close(
            self._unproved.add(
                connection, most=MAX_UNPROVED, most_of_network=MAX_UNPROVED_OF_NETWORK
            )
        )

    def proved(self, connection: "TcpBase") -> None:
        """``connection`` has passed a check."""
        if self._unproved.remove(connection):
            self._close(
                self._proved.add(connection, most=MAX_PROVED, most_of_network=MAX_PROVED_OF_NETWORK)
            )

    def closed(self, connection: "TcpBase") -> None:
        self._unproved.remove(connection)
        self._proved.remove(connection)

    def close_all(self) -> None:
        for connection in [*self._unproved, *self._proved]:
            self._close(connection)

    def _close(self, connection: "TcpBase | None") -> None:
        if connection is not None:
            self.closed(connection)
            connection.close()


class TcpBase(asyncio.Protocol):
    """An accepted connection.

    :param read: what the process that has accepted the connection and passed it to us read before;
        empty if we have accepted it.
    """

    has_answered = False
    """Whether the peer has answered a check of ours: somebody who replays checks cannot."""

    def __init__(
        self,
        port: TcpPort,
        connections: TcpConnections,
        candidate: Candidate,
        read: bytes = b"",
    ) -> None:
        self.candidate = candidate
        self._port = port
        self._connections = connections
        self._read_before = read
        self._buffer = bytearray()
        self._is_proved = False
        self.remote: Address = ("", 0)
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.call_later(UNPROVED_S, self.close)
        self._paused: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if peer is None:
            transport.abort()  # it was reset before we accepted it
            return
        self.remote = peer[:2]
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.opened(self)
        if self._read_before:
            self.data_received(self._read_before)

    @property
    def descriptor(self) -> int:
        found: int = self._transport.get_extra_info("socket").fileno()
        return found

    @property
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_proved and len(self._buffer) > MAX_UNPROVED_BYTES:
            self.close()
            return
        self._read()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        if self._paused is not None:
            self._paused.cancel()
        self._connections.closed(self)
        self._port.base_lost(self, self.remote)

    def send(self, data: bytes, remote: Address) -> None:
        if self._transport.get_write_buffer_size() < MAX_UNSENT_BYTES:
            self._transport.write(_framed(data))

    def close(self) -> None:
        self._transport.abort()

    def _read(self) -> None:
        """Handle the frames that are there; if they are many, the rest after a pause."""
        for _ in range(FRAMES_AT_ONCE):
            if self._transport.is_closing():
                return
            frame = self._next_frame()
            if frame is None:
                return
            self._take(frame)
        self._transport.pause_reading()
        self._paused = self._loop.call_later(PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._paused = None
        self._transport.resume_reading()
        self._read()

    def _next_frame(self) -> bytes | None:
        """The next frame, empty ones included; None if it is not complete."""
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return frame

    def _take(self, frame: bytes) -> None:
        """Pass a frame on. The first one must be a check that proves the connection."""
        is_first = not (self._is_proved or self._read_before)
        if is_first and self._port.pass_connection(self, _framed(frame) + self._buffer):
            self.close()  # our descriptor. The other process has one of its own
            return
        try:
            self._port.receive(self, frame, self.remote)
        except Exception:
            # asyncio closes the connection of a protocol that raises, and with it this call's path.
            log.exception("a call failed on a packet")
        if self._is_proved:
            return
        if not self._port.is_routed(self, self.remote):
            self.close()
            return
        self._is_proved = True
        self._deadline.cancel()
        self._connections.proved(self)


def _framed(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


def first_frame(read: bytes) -> bytes:
    """The first frame, as far as it has come."""
    end = _LENGTH.size + int.from_bytes(read[: _LENGTH.size])
    return read[_LENGTH.size : end]


def _network_of(host: str) -> str:
    """What one caller may hold: an IPv4 address, or an IPv6 prefix of 56 bits (RIPE-690)."""
    address = ipaddress.ip_address(host.partition("%")[0])
    length = 32 if address.version == 4 else 56
    return str(ipaddress.ip_network((address, length), strict=False))
