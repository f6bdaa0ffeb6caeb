"""Which pair a path sends on, when that pair is in doubt, and what to do about it."""

from collections.abc import Collection
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from . import nomination
from .pair import Pair, PairState
from .path import NOMINATION_S, SILENT_S


@dataclass(slots=True)
class Failover:
    """The state of one path's failover. Times are in seconds of the event loop's clock."""

    selected: Pair | None = None
    """The pair that packets are sent on."""
    selected_at: float = -inf
    nominee: Pair | None = None
    """The pair that the peer is asked to move to, until it confirms."""
    suspect_since: float | None = None
    """Since when the selected pair may be dead; None if it is not suspected."""
    doubted: bool = False
    """Whether the peer says that it hears nothing, although we may hear it."""

    @property
    def pair(self) -> Pair | None:
        """The pair to send on now."""
        return self.selected or self.nominee

    @property
    def is_suspect(self) -> bool:
        return self.suspect_since is not None

    def is_unused(self, now: float, last_heard: float) -> bool:
        """Whether the peer may not know yet that it is to use the selected pair.

        :param last_heard: when anything but STUN last came on the path.
        """
        is_new = now - self.selected_at < NOMINATION_S
        return self.selected is not None and is_new and last_heard <= self.selected_at

    def watch(self, now: float) -> bool:
        """Look whether the selected pair has fallen silent, or is heard again.

        :returns: whether it has just become suspect.
        """
        selected, since = self.selected, self.suspect_since
        if selected is None or (self.doubted and since is not None and selected.answered > since):
            self.doubted = False
        if selected is None or (not self.doubted and now - selected.heard <= SILENT_S):
            self.suspect_since = None
        elif since is None:
            self.suspect_since = now
            return True
        return False

    def doubt(self, now: float) -> bool:
        """Suspect the selected pair although packets come from there.

        :returns: False if there is no such pair, or it is doubted already.
        """
        if self.selected is None or self.doubted:
            return False
        self.doubted = True
        self.suspect_since = now
        return True

    def expire(self, now: float) -> None:
        """Give up a nominee that has not confirmed in time."""
        pair = self.nominee
        if pair is None or pair.first_check is None:
            return
        if now - pair.first_check > NOMINATION_S:
            self.nominee = None
            pair.state = PairState.WAITING

    def use(self, pair: Pair, now: float) -> bool:
        """Send on ``pair`` from now on.

        :returns: whether it was not the selected pair before.
        """
        changed = pair is not self.selected
        pair.heard = now
        if changed:
            self.selected_at = now
        self.selected = pair
        self.suspect_since = None
        self.doubted = False
        return changed

    def forget(self, pair: Pair) -> None:
        """``pair`` is gone."""
        if pair is self.nominee:
            self.nominee = None
        if pair is self.selected:
            self.selected = None


class Move(NamedTuple):
    """The decision of :func:`decide`."""

    pair: Pair
    """The pair to nominate."""
    at_once: bool
    """Send on it without waiting for the peer to confirm."""


def decide(
    state: Failover, pairs: Collection[Pair], now: float, *, nothing_works: bool
) -> Move | None:
    """The pair to move to now; None to stay, or while a nomination is under way.

    :param nothing_works: no path of an earlier generation works either.
    """
    if state.nominee is not None:
        return None
    if state.selected is None:
        pair = nomination.first(pairs, now, nothing_works=nothing_works)
    elif state.suspect_since is not None:
        pair = nomination.way_out(pairs, state.selected, state.suspect_since, now)
    else:
        pair = nomination.improvement(pairs, state.selected, now)
    if pair is None:
        return None
    # If nothing works at present, nothing is lost by using the pair at once (RFC 8445, 12.1).
    return Move(pair, at_once=nothing_works or state.is_suspect)
