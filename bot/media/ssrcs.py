"""Which SSRCs the peer of a call may send with."""

from typing import Final

MAX_SSRCS: Final = 4
"""The peer's audio needs one. The others are for a peer that reports from another (RFC 3550, 5.1),
or whose audio changes its SSRC."""


class Ssrcs:
    """The SSRCs of a peer: the one that its offer names, and the first few that prove authentic.

    libsrtp keeps a stream for each SSRC that ever sent an authentic packet, and looks through all
    of them for every packet. A forged packet makes none, so a stranger takes no place away.

    :param offered: the SSRC in the offer, which always has a place; None if it names none.
    """

    def __init__(self, offered: int | None) -> None:
        self._offered = offered
        self._authentic: set[int] = set()

    def admits(self, ssrc: int) -> bool:
        """Whether to decrypt a packet of ``ssrc``."""
        if ssrc in self._authentic or ssrc == self._offered:
            return True
        is_reserved = self._offered is not None and self._offered not in self._authentic
        return len(self._authentic) + is_reserved < MAX_SSRCS

    def add(self, ssrc: int) -> None:
        """A packet of ``ssrc`` was authentic."""
        self._authentic.add(ssrc)
