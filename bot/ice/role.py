"""Which agent nominates: the ICE role, and what happens if both claim the same one."""

import secrets
from typing import Final

from . import stun

MAX_TIE_BREAKER: Final = 2**64 - 1
"""Its owner wins every role conflict (RFC 8445, 7.3.1.1)."""


class Role:
    """The role of one agent (RFC 8445, 2.3).

    :param controlling: claim the controlling role, and win every conflict about it.
    """

    def __init__(self, *, controlling: bool) -> None:
        self.controlling = controlling
        self.tie_breaker = MAX_TIE_BREAKER if controlling else secrets.randbits(63)

    @property
    def attribute(self) -> str:
        """The STUN attribute that claims this role."""
        return "ICE-CONTROLLING" if self.controlling else "ICE-CONTROLLED"

    def resolve_conflict(self, check: stun.Message) -> bool:
        """Read the role that an authentic check of the peer claims.

        This is RFC 8445, 7.3.1.1, without the 487 error. Browsers claim the controlling role with
        every offer, and an error would cost their check another round. The check is answered, and
        our own check, which follows at once, tells the peer its role: our tie-breaker is larger.

        :returns: whether both agents claimed the same role.
        """
        rival = check.attributes.get(self.attribute)
        if rival is None:
            return False
        if (self.tie_breaker >= rival) is not self.controlling:
            self.controlling = not self.controlling
        return True

    def refused(self, attribute: str) -> bool:
        """The peer answered a check that carried ``attribute`` with error 487 (RFC 8445, 7.2.5.1).

        :returns: whether the role changed; it may have done so before the error came.
        """
        if attribute != self.attribute:
            return False
        self.controlling = not self.controlling
        return True
