"""What the soak calls a leak (``tests/soak``)."""

from dataclasses import replace

import pytest

from tests.soak.figures import LEAK_MB, WARM_UP_MB, Sample, growth_mb, most_mb
from tests.soak.system import MAX_REDIS, OF_REQUESTS, Held

pytestmark = pytest.mark.unit

AT_REST = Held(pid=1, memory_mb=90.0, files=20, database=14, redis=25, threads=4, tasks=8)


def samples(*held: tuple[int, int, float]) -> list[Sample]:
    """Samples of a process: the number of calls, its id, and its memory in MB."""
    return [
        Sample(0.0, calls, {"web": replace(AT_REST, pid=pid, memory_mb=memory)})
        for calls, pid, memory in held
    ]


def test_memory_that_grows_with_each_call_is_told_for_a_thousand() -> None:
    found = growth_mb(samples((0, 1, 90.0), (50, 1, 91.0), (100, 1, 92.0)), "web")
    assert found == pytest.approx(20.0)


def test_memory_that_goes_up_and_down_does_not_grow() -> None:
    found = growth_mb(samples((0, 1, 90.0), (10, 1, 99.0), (20, 1, 99.0), (30, 1, 90.0)), "web")
    assert found == pytest.approx(0.0)


def test_nothing_is_told_of_a_process_that_was_replaced() -> None:
    assert growth_mb(samples((0, 1, 90.0), (50, 2, 80.0)), "web") is None


def test_the_more_calls_the_less_may_memory_grow_with_each() -> None:
    short, long = (samples((0, 1, 90.0), (calls, 1, 90.0)) for calls in (1000, 40_000))
    assert most_mb(short) == pytest.approx(LEAK_MB + WARM_UP_MB)
    assert most_mb(long) == pytest.approx(LEAK_MB + 1.0)


def test_one_task_more_than_at_rest_is_too_many() -> None:
    assert replace(AT_REST, tasks=9).more_than(AT_REST) == {"tasks": 9}
    assert AT_REST.more_than(AT_REST) == {}


def test_threads_of_the_request_for_metrics_are_not_counted() -> None:
    assert replace(AT_REST, threads=AT_REST.threads + OF_REQUESTS).more_than(AT_REST) == {}
    too_many = AT_REST.threads + OF_REQUESTS + 1
    assert replace(AT_REST, threads=too_many).more_than(AT_REST) == {"threads": too_many}


def test_a_pool_of_connections_may_get_larger_up_to_a_limit() -> None:
    assert replace(AT_REST, redis=MAX_REDIS).more_than(AT_REST) == {}
    assert replace(AT_REST, redis=MAX_REDIS + 1).more_than(AT_REST) == {"redis": MAX_REDIS + 1}
