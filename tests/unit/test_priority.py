import itertools

import pytest
from aioice.candidate import candidate_priority

from bot.ice.priority import MAX_GENERATION, outranking

pytestmark = pytest.mark.unit

RECOMMENDED = [candidate_priority(1, kind) for kind in ("host", "prflx", "srflx", "relay")]
LOWEST_OF_A_BROWSER = 0x7F1EFF
"""Chromium's priority for a relayed candidate over TLS (docs/browsers.md#relay-priorities)."""


def test_any_candidate_of_a_later_generation_is_over_any_of_an_earlier_one() -> None:
    ranked = [[outranking(p, n) for p in RECOMMENDED] for n in (1, 2, 3, MAX_GENERATION)]
    for earlier, later in itertools.pairwise(ranked):
        assert min(later) > max(earlier)


def test_within_a_generation_the_recommended_order_stays() -> None:
    ranked = [outranking(p, 7) for p in RECOMMENDED]
    assert ranked == sorted(ranked, reverse=True)
    assert len(set(ranked)) == len(ranked)


def test_no_two_candidates_of_a_generation_have_the_same_priority() -> None:
    """Chromium gives one of two equal pairs up: docs/browsers.md#chromium-equal-pairs."""
    kinds = [candidate_priority(1, kind, 65535 - n) for kind in ("host", "relay") for n in range(9)]
    ranked = [outranking(p, 7) for p in kinds]
    assert ranked == sorted(set(ranked), reverse=True)


def test_our_priority_is_always_the_lower_one_of_a_pair() -> None:
    assert all(0 < outranking(p, 10_000) < LOWEST_OF_A_BROWSER for p in RECOMMENDED)
