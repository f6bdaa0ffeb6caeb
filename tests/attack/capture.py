"""What leaves a host, as its kernel hands it to its interfaces."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Final, NamedTuple

from aioice import stun

from bot.ice.path import Address
from tests.natlab.namespace import Namespace

_ALL_PROTOCOLS: Final = 3
"""``ETH_P_ALL`` of packet(7)."""
_OUTGOING: Final = 4
"""``PACKET_OUTGOING``."""
_RCVBUFFORCE: Final = 33
"""``SO_RCVBUFFORCE`` of socket(7), which Python does not name."""
_BUFFER_BYTES: Final = 16 * 1024 * 1024
_NAMES: Final = {socket.IPPROTO_UDP: "udp", socket.IPPROTO_TCP: "tcp"}


class Packet(NamedTuple):
    """A UDP or TCP packet."""

    protocol: str
    host: str
    """Its destination."""
    port: int
    data: bytes
    """The payload if it is UDP; with the header if it is TCP."""


class Capture:
    """Keeps each packet that leaves a host, over its loopback interface too."""

    def __init__(self, host: Namespace) -> None:
        self.packets: list[Packet] = []
        self.udp: set[Address] = set()
        """Where UDP packets went."""
        self.peers: set[Address] = set()
        """Where a TURN server is asked to send to (RFC 8656, 12)."""
        self._socket = host.inside(
            lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
        )
        self._socket.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _BUFFER_BYTES)
        self._socket.setblocking(False)
        self._more = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something has been seen; asked after each packet."""
        while not seen():
            self._more.clear()
            await self._more.wait()

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        data, (_, _, direction, *_) = self._socket.recvfrom(65535)
        packet = _parse(data) if direction == _OUTGOING else None
        if packet is not None:
            self._take(packet)
            self._more.set()

    def _take(self, packet: Packet) -> None:
        self.packets.append(packet)
        if packet.protocol == "udp":
            self.udp.add((packet.host, packet.port))
            with suppress(ValueError, struct.error):
                peer = stun.parse_message(packet.data).attributes.get("XOR-PEER-ADDRESS")
                if peer is not None:
                    self.peers.add(peer)


def _parse(data: bytes) -> Packet | None:
    """Read an IP packet; None if it carries something else than UDP or TCP."""
    if data[0] >> 4 == 4:
        protocol, host, begin = data[9], data[16:20], 4 * (data[0] & 15)
    else:
        protocol, host, begin = data[6], data[24:40], 40
    if protocol not in _NAMES:
        return None
    (port,) = struct.unpack_from("!H", data, begin + 2)
    payload = data[begin + 8 :] if protocol == socket.IPPROTO_UDP else data[begin:]
    return Packet(_NAMES[protocol], str(ip_address(host)), port, payload)
