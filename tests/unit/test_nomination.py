"""Which pair a call moves to."""

from types import SimpleNamespace
from typing import cast

import pytest
from aioice.candidate import Candidate

from bot.ice.nomination import way_out
from bot.ice.pair import Pair
from bot.ice.path import Base

pytestmark = pytest.mark.unit


def pair_with(port: int, *, answered: float) -> Pair:
    """A direct UDP pair whose peer answered a check at this time."""
    remote = Candidate("1", 1, "udp", 1, "192.0.2.1", port, "prflx")
    base = SimpleNamespace(candidate=Candidate("1", 1, "udp", 1, "192.0.2.2", 5000, "host"))
    pair = Pair(cast(Base, base), remote, priority=1, due=0.0)
    pair.answer_received(answered, rtt=0.001)
    return pair


def test_an_answer_within_one_step_of_the_clock_is_a_way_out() -> None:
    """The phone's NAT mapped it anew: its new mapping answers in the millisecond of the doubt."""
    selected, new = pair_with(1, answered=4.0), pair_with(2, answered=10.0)
    assert way_out([selected, new], selected, suspect_since=10.0, now=10.002) is new


def test_an_answer_of_the_suspect_in_the_moment_of_the_doubt_says_nothing() -> None:
    selected, other = pair_with(1, answered=10.0), pair_with(2, answered=4.0)
    assert way_out([selected, other], selected, suspect_since=10.0, now=10.002) is None
