"""Which agent nominates: the ICE role, and what happens if both claim the same one."""

import secrets
from collections.abc import Iterable
from typing import Final

from . import stun
from .pair import Pair

MAX_TIE_BREAKER: Final = 2**64 - 1
"""Its owner wins every role conflict (RFC 8445, 7.3.1.1). Every browser causes one
(docs/browsers.md#both-controlling)."""
IGNORED_CHECKS: Final = 3
IGNORED_S: Final = 0.1
"""A peer that sends data on a pair, and for this long answers none of our checks there, ignores
them. It is longer than the answers that left with the first data may be late."""

_CONTROLLING: Final = "ICE-CONTROLLING"
_CONTROLLED: Final = "ICE-CONTROLLED"


class Role:
    """The role of one agent (RFC 8445, 2.3).

    :param controlling: claim the controlling role, and win every conflict about it.
    """

    def __init__(self, *, controlling: bool) -> None:
        self.controlling = controlling
        self.tie_breaker = MAX_TIE_BREAKER if controlling else secrets.randbits(63)
        self._is_accepted = False
        """Whether the peer has answered a check that claimed the controlling role."""
        self._peer_claims_control = False
        self._has_yielded = False

    @property
    def attribute(self) -> str:
        """The STUN attribute that claims this role."""
        return _CONTROLLING if self.controlling else _CONTROLLED

    def resolve_conflict(self, check: stun.Message) -> bool:
        """Read the role that an authentic check of the peer claims.

        This is RFC 8445, 7.3.1.1, without the 487 error. Browsers claim the controlling role with
        every offer, and an error would cost their check another round. The check is answered, and
        our own check, which follows at once, tells the peer its role: our tie-breaker is larger.

        :returns: whether both agents claimed the same role.
        """
        self._peer_claims_control = _CONTROLLING in check.attributes
        rival = check.attributes.get(self.attribute)
        if rival is None:
            return False
        if (self.tie_breaker >= rival) is not self.controlling:
            self.controlling = not self.controlling
        return True

    def accepted(self, attribute: str) -> None:
        """The peer answered a check that carried ``attribute`` with success.

        If that claimed the controlling role, the peer leaves it to us, and we keep it or take it
        back: we yielded because the answers were lost, not because the peer ignores us.
        """
        if attribute == _CONTROLLING:
            self._is_accepted = True
            self.controlling = self.controlling or self._has_yielded

    def refused(self, attribute: str) -> bool:
        """The peer answered a check that carried ``attribute`` with error 487 (RFC 8445, 7.2.5.1).

        :returns: whether the role changed; it may have done so before the error came.
        """
        if attribute != self.attribute:
            return False
        self.controlling = not self.controlling
        return True

    def yield_if_ignored(self, pairs: Iterable[Pair], now: float) -> Pair | None:
        """Leave the controlling role to a peer that claims it too and ignores our claim.

        Pion 3.1.56 drops checks that claim the role it has itself, and never changes its own, so
        by RFC 8445, 7.3.1.1, it is we who have to. A browser on a slow or lossy network looks
        similar, as its checks claim the controlling role until one of ours has reached it. What
        tells them apart does not depend on the round trip: a peer sends data only on a pair where
        a check of its own was answered. So our packets reach it there, and a check that was sent
        with that answer was received as well. A browser's answer to it arrives with the first data.

        A wrong guess takes the loss of every check or answer meanwhile, and is corrected by the
        next one that arrives: a browser that gets one of our earlier checks claims the controlled
        role (:meth:`resolve_conflict`), answers it (:meth:`accepted`) or refuses the next one
        (:meth:`refused`). The role is yielded once at most, so it cannot go to and fro.

        :returns: the pair to check at once; None if the role stays.
        """
        if not self._peer_claims_control or not self.controlling:
            return None
        if self._is_accepted or self._has_yielded:
            return None
        ignored = (pair for pair in pairs if _is_ignored(pair, now))
        pair = max(ignored, key=lambda pair: pair.rank, default=None)
        if pair is not None:
            self.controlling = False
            self._has_yielded = True
        return pair


def _is_ignored(pair: Pair, now: float) -> bool:
    return pair.unanswered >= IGNORED_CHECKS and now - pair.used_since >= IGNORED_S
