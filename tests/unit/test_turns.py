import pytest

from bot.call.turns import Turns

pytestmark = pytest.mark.unit


def test_the_median_and_the_95th_percentile_of_a_call() -> None:
    turns = Turns()
    for wait_ms in range(1000, 0, -50):
        turns.add(wait_ms)
    assert turns.summary() == {"count": 20, "p50": 500, "p95": 950}


def test_a_single_answer_is_both_percentiles() -> None:
    turns = Turns()
    turns.add(810)
    assert turns.summary() == {"count": 1, "p50": 810, "p95": 810}


def test_a_call_without_an_answer_has_no_percentiles() -> None:
    assert Turns().summary() == {"count": 0}
