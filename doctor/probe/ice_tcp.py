"""A connection to the bot's TCP port (RFC 6544), as a base of an ICE agent."""

import asyncio
import struct
from typing import Any, Final, cast

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol

_LENGTH: Final = struct.Struct("!H")
ACTIVE_PORT: Final = 9
"""The port of an active candidate, which is not listened on (RFC 6544, 4.5)."""


class _Framed(asyncio.Protocol):
    """Frames datagrams (RFC 4571). To a STUN protocol it is a datagram transport."""

    def __init__(self, stun: StunProtocol) -> None:
        self._stun = stun
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of another class
        self._stun.connection_made(self)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        self._stun.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._buffer)[0]
            if len(self._buffer) < end:
                return
            frame, self._buffer = self._buffer[_LENGTH.size : end], self._buffer[end:]
            self._stun.datagram_received(frame, self._transport.get_extra_info("peername"))

    def sendto(self, data: bytes, addr: object) -> None:
        if not self._transport.is_closing():
            self._transport.write(_LENGTH.pack(len(data)) + data)

    def get_extra_info(self, name: str) -> Any:
        return self._transport.get_extra_info(name)

    def close(self) -> None:
        self._transport.close()


def active_candidate(address: str) -> Candidate:
    """A candidate that says: this side connects."""
    return Candidate(
        foundation=candidate_foundation("host", "tcp", address),
        component=1,
        transport="tcp",
        priority=candidate_priority(1, "host", 8191),
        host=address,
        port=ACTIVE_PORT,
        type="host",
        tcptype="active",
    )


async def connect(agent: Connection, remote: Candidate) -> StunProtocol:
    """Connect to a passive candidate.

    :raises OSError: if nothing listens there.
    """
    stun = StunProtocol(agent)
    await asyncio.get_running_loop().create_connection(
        lambda: _Framed(stun), remote.host, remote.port
    )
    stun.local_candidate = active_candidate(stun.transport.get_extra_info("sockname")[0])
    return stun
