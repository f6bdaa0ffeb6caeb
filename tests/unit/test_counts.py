"""How many were issued, counted by one process or by several."""

import asyncio

import pytest

from signaling.ice.counts import Counts, CountsInMemory, Limit
from signaling.ice.redis_counts import CountsInRedis
from tests.redis import Redis

from .conftest import MakeStore

pytestmark = pytest.mark.unit

FEW = Limit("network_minute", 2, 60)
MANY = Limit("all_day", 3, 3600)


@pytest.fixture(params=["memory", "redis"])
def counts(request: pytest.FixtureRequest, make_store: MakeStore) -> Counts:
    return CountsInMemory() if request.param == "memory" else CountsInRedis(make_store())


async def test_the_first_limit_that_is_reached_is_told_and_nothing_is_counted_then(
    counts: Counts,
) -> None:
    for _ in range(2):
        assert await counts.take({"a": FEW, "all": MANY}) is None
    for _ in range(5):
        assert await counts.take({"a": FEW, "all": MANY}) == FEW
    assert await counts.take({"b": FEW, "all": MANY}) is None
    assert await counts.take({"c": FEW, "all": MANY}) == MANY


async def test_a_window_ends(counts: Counts) -> None:
    brief = Limit("network_minute", 1, 1)
    assert await counts.take({"a": brief}) is None
    assert await counts.take({"a": brief}) == brief
    async with asyncio.timeout(10):
        while await counts.take({"a": brief}):
            await asyncio.sleep(0.05)


async def test_two_processes_share_a_limit(make_store: MakeStore) -> None:
    both = CountsInRedis(make_store()), CountsInRedis(make_store())
    given = [await counts.take({"a": FEW}) for counts in both * 2]
    assert given == [None, None, FEW, FEW]


async def test_without_redis_a_process_counts_for_itself(
    redis: Redis, make_store: MakeStore
) -> None:
    counts = CountsInRedis(make_store())
    redis.stop()
    assert [await counts.take({"a": FEW}) for _ in range(3)] == [None, None, FEW]
    redis.start()
    assert await counts.take({"a": FEW}) is None
