"""What workers of a machine that share a port pass each other, as bytes."""

import socket
import struct
from typing import Final, NamedTuple

from .path import Address

DATAGRAM: Final = b"D"
CONNECTION: Final = b"C"
SOCKETS: Final = b"S"
"""A worker that starts asks for the sockets of the port. The answer begins so too."""

_ADDRESSES = struct.Struct("!B16s16sH")
_PACKED_BYTES: Final = {socket.AF_INET: 4, socket.AF_INET6: 16}


class Datagram(NamedTuple):
    """A datagram, the local address that it came to, and its sender."""

    local: str
    remote: Address
    data: bytes

    def pack(self) -> bytes:
        """:raises OSError: if an address has a zone (RFC 4007)."""
        family = socket.AF_INET6 if ":" in self.local else socket.AF_INET
        host, port = self.remote
        addresses = _ADDRESSES.pack(
            family, socket.inet_pton(family, self.local), socket.inet_pton(family, host), port
        )
        return DATAGRAM + addresses + self.data

    @classmethod
    def unpack(cls, message: bytes) -> "Datagram":
        """:raises ValueError: if ``message`` is not what :meth:`pack` makes."""
        if len(message) < 1 + _ADDRESSES.size:
            raise ValueError("the message is too short")
        family, local, remote, port = _ADDRESSES.unpack_from(message, 1)
        if family not in _PACKED_BYTES or not port:
            raise ValueError("the message has no such addresses")
        size = _PACKED_BYTES[family]
        return cls(
            socket.inet_ntop(family, local[:size]),
            (socket.inet_ntop(family, remote[:size]), port),
            message[1 + _ADDRESSES.size :],
        )
