"""How ICE restarts are counted."""

from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from bot.call.restarts import Restarts
from bot.ice.path import Path

pytestmark = pytest.mark.unit


class Count:
    """How many restarts ended since this was made, by outcome."""

    def __init__(self) -> None:
        self._before = self._all()

    def new(self) -> dict[str, float]:
        now = self._all()
        return {way: now[way] - count for way, count in self._before.items() if now[way] > count}

    def _all(self) -> dict[str, Any]:
        name = "voicedemo_restarts_ended_total"
        ways = ("up", "replaced", "given_up")
        return {way: REGISTRY.get_sample_value(name, {"outcome": way}) for way in ways}


def a_path() -> Path:
    return cast(Path, object())


def test_the_first_path_of_a_call_is_no_restart() -> None:
    count, restarts = Count(), Restarts()
    restarts.path_changed(a_path())
    restarts.close()
    assert count.new() == {}


def test_another_pair_of_the_old_path_is_not_the_restarts_end() -> None:
    count, restarts, old = Count(), Restarts(), a_path()
    restarts.path_changed(old)
    restarts.began()
    restarts.path_changed(old)
    assert count.new() == {}
    restarts.path_changed(a_path())
    assert count.new() == {"up": 1}


def test_a_restart_that_another_one_replaced_counts_too() -> None:
    count, restarts = Count(), Restarts()
    restarts.began()
    restarts.began()
    restarts.path_changed(a_path())
    assert count.new() == {"up": 1, "replaced": 1}


def test_a_call_that_ends_gives_its_restart_up_once() -> None:
    count, restarts = Count(), Restarts()
    restarts.began()
    restarts.close()
    restarts.close()
    assert count.new() == {"given_up": 1}
