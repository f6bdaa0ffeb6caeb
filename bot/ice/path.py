"""The types that the parts of ICE share: addresses, bases, paths, and the owner of the paths."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final, Protocol

from aioice.candidate import Candidate

from wire.constants import SILENCE_S

Address = tuple[str, int]
IPAddress = IPv4Address | IPv6Address

SILENT_S: Final = SILENCE_S
"""Audio comes every 20 ms. If nothing comes for this long, something is wrong."""
NOMINATION_S: Final = 1.0
"""A nomination that is not confirmed within this time has failed."""


def is_rtp(data: bytes) -> bool:
    """Whether a datagram is RTP or RTCP (RFC 7983, 7)."""
    return bool(data) and 127 < data[0] < 192


def rtp_ssrc(data: bytes) -> int:
    """The SSRC of an RTP packet (RFC 3550, 5.1)."""
    return int.from_bytes(data[8:12])


class Base(Protocol):
    """A local transport address that packets leave from and arrive at (RFC 8445, 4)."""

    candidate: Candidate
    """The candidate that has this base."""

    def send(self, data: bytes, remote: Address) -> None:
        """Send one datagram, or drop it if that would mean waiting."""
        ...


class Path(Protocol):
    """One way for packets between the bot and the peer, found by one ICE generation."""

    last_heard: float
    """When the last packet other than STUN arrived on it, in seconds of the loop's clock."""

    def transmit(self, data: bytes) -> None:
        """Send one datagram, or drop it if the path cannot take it now."""
        ...

    def doubt(self) -> None:
        """Find out whether packets sent on it still arrive, and which candidate pair works."""
        ...

    def describe(self) -> dict[str, str]:
        """The selected candidate pair for a timeline: types and transport, no addresses."""
        ...

    async def close(self) -> None: ...


class PathHost(Protocol):
    """The owner of a path, as the path sees it. Usually the switch of a call."""

    @property
    def is_silent(self) -> bool:
        """Whether no path works at present, so that another one may be used at once."""
        ...

    def add(self, path: Path, *, abandon: bool = False) -> None:
        """Own ``path``, which is still being checked."""
        ...

    def nominate(self, path: Path) -> None:
        """``path`` asks the peer to move to it."""
        ...

    def prove(self) -> None:
        """The peer sent an authentic check, or an authentic answer to one of ours."""
        ...

    def promote(self, path: Path) -> None:
        """Send on ``path`` from now on."""
        ...

    def drop(self, path: Path) -> None:
        """``path`` is dead."""
        ...

    def deliver(self, path: Path, data: bytes) -> None:
        """Take a datagram that arrived on ``path``."""
        ...

    def accept(self, path: Path, data: bytes) -> bool:
        """Take a datagram from an unchecked address, if it is authentic media."""
        ...

    def is_superseded(self, path: Path) -> bool:
        """Whether the call has moved on to a later ICE generation."""
        ...

    def pair_nominated(self, pair: dict[str, str]) -> None:
        """The peer is to be asked to use this pair, described as :meth:`Path.describe` does."""
        ...

    def pair_changed(self, path: Path) -> None:
        """The selected candidate pair of ``path`` is another one."""
        ...
