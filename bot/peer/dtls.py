"""What aiortc's DTLS transport gets from the network: one DTLS record at a time."""

import asyncio
import struct
from collections import deque
from collections.abc import Iterator
from typing import Final, Protocol

MAX_DATAGRAM_BYTES: Final = 1500
"""Of DTLS. Browsers keep theirs below 1,200 bytes; aiortc reads 1,500 bytes of a record."""
_CONTENT_TYPES: Final = range(20, 25)
"""RFC 6347, 4.1 and RFC 6520: change cipher spec, alert, handshake, application data, heartbeat."""
_HEADER = struct.Struct("!BHHHIH")


class DatagramTransport(Protocol):
    """The part of an RTCIceTransport that RTCDtlsTransport uses. Usually a switch."""

    role: str

    async def _recv(self) -> bytes: ...

    async def _send(self, data: bytes) -> None: ...


class RecordTransport:
    """A transport that hands a datagram's records over one by one.

    aiortc reads one record for each datagram that it is given. The others of a datagram would stay
    in OpenSSL's buffer, and a peer that sends many in each would fill the memory. Other work of the
    loop runs before each record.
    """

    def __init__(self, transport: DatagramTransport) -> None:
        self._transport = transport
        self._records: deque[bytes] = deque()
        self.role = transport.role

    async def _recv(self) -> bytes:
        while not self._records:
            self._records.extend(split_records(await self._transport._recv()))
        await asyncio.sleep(0)
        return self._records.popleft()

    async def _send(self, data: bytes) -> None:
        await self._transport._send(data)


def split_records(datagram: bytes) -> Iterator[bytes]:
    """Yield the records of a datagram, up to the first that is malformed (RFC 6347, 4.1)."""
    at = 0
    while at + _HEADER.size <= len(datagram) <= MAX_DATAGRAM_BYTES:
        kind, _, _, _, _, length = _HEADER.unpack_from(datagram, at)
        end = at + _HEADER.size + length
        if kind not in _CONTENT_TYPES or end > len(datagram):
            return
        yield datagram[at:end]
        at = end
