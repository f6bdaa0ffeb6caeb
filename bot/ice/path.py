from ipaddress import IPv4Address, IPv6Address
from typing import Final, Protocol

from aioice.candidate import Candidate

Address = tuple[str, int]
IPAddress = IPv4Address | IPv6Address

SILENT_S: Final = 0.4
"""Audio comes every 20 ms: without anything for this long, something is wrong."""


def is_rtp(data: bytes) -> bool:
    """RTP or RTCP (RFC 7983, 7)."""
    return bool(data) and 127 < data[0] < 192


def rtp_source(data: bytes) -> int:
    """The SSRC of an RTP packet (RFC 3550, 5.1)."""
    return int.from_bytes(data[8:12])


class Base(Protocol):
    """A local transport address that packets leave from and arrive at (RFC 8445, 4)."""

    candidate: Candidate
    """The candidate whose base this is."""

    def send(self, data: bytes, remote: Address) -> None:
        """Send one datagram, or drop it where that would mean waiting."""
        ...


class Path(Protocol):
    """One way for packets between us and the peer, found by one ICE generation."""

    last_heard: float
    """When the last packet other than STUN arrived on it, in seconds of the loop's clock."""

    def transmit(self, data: bytes) -> None:
        """Send one datagram, or drop it where the path cannot take it now."""
        ...

    def doubt(self) -> None:
        """Find out whether packets sent on it still arrive, and which way they would."""
        ...

    def describe(self) -> dict[str, str]:
        """The selected candidate pair for a timeline: types and transport, no addresses."""
        ...

    async def close(self) -> None: ...
