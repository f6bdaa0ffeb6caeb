"""Which pair to nominate, and when: regular nomination (RFC 8445, 8.1.1)."""

from collections.abc import Collection, Iterable
from typing import Final

from .pair import Pair, PairState

PATIENCE_S: Final = 0.3
"""While the old path still works, a restart waits this long for the best pair."""
RELAY_PATIENCE_S: Final = 0.15
"""Without a path, a relayed or a TCP pair waits this long for a direct one."""
STEADY_S: Final = 3.0
"""A better pair must have been valid for this long before a working call moves to it."""


def first(pairs: Collection[Pair], now: float, *, nothing_works: bool) -> Pair | None:
    """The first pair of an ICE generation; None while a better one may still become valid.

    :param nothing_works: no path of an earlier generation works either.
    """
    valid = _valid(pairs)
    if not valid:
        return None
    best = max(valid, key=_rank)
    waited = now - min(pair.valid_since for pair in valid)
    if nothing_works:
        return best if best.is_direct_udp or waited >= RELAY_PATIENCE_S else None
    hopeful = (pair for pair in pairs if pair.state is not PairState.FAILED)
    if best.rank == max(pair.rank for pair in hopeful) or waited >= PATIENCE_S:
        return best
    return None


def way_out(pairs: Iterable[Pair], selected: Pair, suspect_since: float, now: float) -> Pair | None:
    """The best of the pairs that answered since the selected one fell silent.

    The selected pair was checked at the same moment, so it gets its usual round trip to answer.
    The event loop's clock may have steps of 1 ms (uvloop): in a LAN, the others answer within one.
    """
    if now - suspect_since < 1.5 * selected.rtt:
        return None
    answered = [
        pair
        for pair in _valid(pairs)
        if pair.answered > suspect_since
        or (pair.answered == suspect_since and pair is not selected)
    ]
    return max(answered, key=_rank, default=None)


def improvement(pairs: Iterable[Pair], selected: Pair, now: float) -> Pair | None:
    """A better pair than the selected one, which works.

    That is direct UDP that has been steady, if the call is on something else; or else a pair on
    the network that the peer is moving to.
    """
    if not selected.is_direct_udp:
        better = [pair for pair in pairs if now - pair.valid_since > STEADY_S]
    elif not selected.is_new_network:
        better = [pair for pair in pairs if pair.is_new_network]
    else:
        return None
    return max((p for p in _valid(better) if p.is_direct_udp), key=_rank, default=None)


def _valid(pairs: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair.state is PairState.SUCCEEDED]


def _rank(pair: Pair) -> tuple[bool, bool, int]:
    return pair.rank
