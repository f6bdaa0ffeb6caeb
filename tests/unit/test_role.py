"""Role conflicts, and peers that ignore our claim to the controlling role."""

import pytest
from aioice.candidate import Candidate

from bot.ice import stun
from bot.ice.pair import Pair
from bot.ice.path import Address
from bot.ice.role import IGNORED_CHECKS, IGNORED_S, Role

pytestmark = pytest.mark.unit

CONTROLLING, CONTROLLED = "ICE-CONTROLLING", "ICE-CONTROLLED"


class FakeBase:
    candidate = Candidate.from_sdp("1 1 udp 1 192.0.2.1 1000 typ host")

    def send(self, data: bytes, remote: Address) -> None:
        pass


def check_claiming(attribute: str, tie_breaker: int = 1) -> stun.Message:
    check = stun.binding_request()
    check.attributes[attribute] = tie_breaker
    return check


def used_pair(checks: int, now: float = 0.0) -> Pair:
    """A pair on which the peer sends data and has not answered some of our checks."""
    remote = Candidate.from_sdp("1 1 udp 1 192.0.2.2 1000 typ host")
    pair = Pair(FakeBase(), remote, priority=1, due=0.0)
    pair.is_checked_by_peer = True
    for _ in range(checks):
        pair.check_sent(now)
    pair.data_received(now)
    return pair


def contested() -> Role:
    role = Role(controlling=True)
    assert role.resolve_conflict(check_claiming(CONTROLLING))
    assert role.controlling
    return role


def test_of_two_that_claim_the_same_role_the_larger_tie_breaker_controls() -> None:
    ours, theirs = Role(controlling=True), Role(controlling=True)
    theirs.tie_breaker = 1
    assert theirs.resolve_conflict(check_claiming(CONTROLLING, ours.tie_breaker))
    assert not theirs.controlling
    assert not theirs.resolve_conflict(check_claiming(CONTROLLING, ours.tie_breaker))


def test_a_peer_that_uses_a_pair_and_ignores_our_checks_there_gets_the_role() -> None:
    role, pair = contested(), used_pair(IGNORED_CHECKS)
    assert role.yield_if_ignored([pair], IGNORED_S / 2) is None
    assert role.yield_if_ignored([pair], IGNORED_S) is pair
    assert not role.controlling


def test_nothing_is_yielded_to_a_peer_that_may_not_have_got_a_check_yet() -> None:
    role = contested()
    assert role.yield_if_ignored([used_pair(IGNORED_CHECKS - 1)], 60) is None
    unused = used_pair(IGNORED_CHECKS)
    unused.used_since = float("inf")
    assert role.yield_if_ignored([unused], 60) is None
    assert role.controlling


def test_nothing_is_yielded_to_a_peer_that_claims_the_other_role() -> None:
    role = contested()
    role.resolve_conflict(check_claiming(CONTROLLED))
    assert role.yield_if_ignored([used_pair(IGNORED_CHECKS)], 60) is None


def test_nothing_is_yielded_to_a_peer_that_has_answered() -> None:
    role = contested()
    role.accepted(CONTROLLING)
    assert role.yield_if_ignored([used_pair(IGNORED_CHECKS)], 60) is None


@pytest.mark.parametrize("evidence", ["check", "answer", "error"])
def test_a_role_yielded_too_early_is_taken_back_and_kept(evidence: str) -> None:
    """The peer has received an earlier check of ours after all and given up the role."""
    role = contested()
    role.yield_if_ignored([used_pair(IGNORED_CHECKS)], IGNORED_S)
    match evidence:
        case "check":
            assert role.resolve_conflict(check_claiming(CONTROLLED))
        case "answer":
            role.accepted(CONTROLLING)
        case "error":
            assert role.refused(CONTROLLED)
    assert role.controlling
    assert not role.refused(CONTROLLED)  # a late error
    role.resolve_conflict(check_claiming(CONTROLLING))
    assert role.yield_if_ignored([used_pair(IGNORED_CHECKS)], 60) is None
    assert role.controlling


def test_an_answer_to_a_check_that_claimed_no_control_proves_nothing() -> None:
    role = contested()
    role.yield_if_ignored([used_pair(IGNORED_CHECKS)], IGNORED_S)
    role.accepted(CONTROLLED)
    assert not role.controlling
