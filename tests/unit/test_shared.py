"""What several processes count together, with Redis and while it is away."""

import asyncio
import logging

import pytest
from prometheus_client import REGISTRY

from signaling import limits
from signaling.shared import redis as shared_redis
from signaling.shared import tokens
from signaling.shared.base import AwayError
from signaling.shared.redis import StoreInRedis
from tests.redis import PATIENT_S, Redis

from .conftest import MakeStore

pytestmark = pytest.mark.unit

TIMES = 30


@pytest.fixture
def buckets(store: StoreInRedis, monkeypatch: pytest.MonkeyPatch) -> limits.Buckets:
    """Three tokens, and a new one every hour."""
    monkeypatch.setattr(limits, "store", lambda: store)
    return limits.Buckets(3, 1 / 3600, shared_as="test")


async def refused(buckets: limits.Buckets, client: str, times: int = TIMES) -> int:
    """How many of so many requests at once have to wait."""
    waits = await asyncio.gather(*(buckets.take_shared(client) for _ in range(times)))
    return sum(wait > 0 for wait in waits)


async def test_two_processes_share_a_bucket(make_store: MakeStore) -> None:
    one, other = make_store(), make_store()
    waits = [await tokens.take(asked, "a", 3, 1 / 3600) for asked in (one, other) * 3]
    assert [wait > 0 for wait in waits] == [False] * 3 + [True] * 3
    assert 3590 < waits[-1] <= 3600
    assert await tokens.take(other, "b", 3, 1 / 3600) == 0


async def test_a_bucket_fills_again_and_is_forgotten_when_it_is_full(store: StoreInRedis) -> None:
    assert await tokens.take(store, "a", 1, 0.5) == 0
    assert await tokens.take(store, "a", 1, 0.5) > 0
    async with asyncio.timeout(10):
        while await store.run("return redis.call('EXISTS', KEYS[1])", ["tokens:a"]):
            await asyncio.sleep(0.02)
    assert await tokens.take(store, "a", 1, 0.5) == 0


async def test_requests_at_once_get_no_token_twice(buckets: limits.Buckets) -> None:
    assert await refused(buckets, "a") == TIMES - 3
    assert await refused(buckets, "b") == TIMES - 3


async def test_while_redis_is_away_a_process_counts_for_itself(
    buckets: limits.Buckets, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    before = REGISTRY.get_sample_value("voicedemo_counted_alone_total") or 0
    redis.stop()
    assert await refused(buckets, "a") == TIMES - 3
    assert await refused(buckets, "a") == TIMES
    assert REGISTRY.get_sample_value("voicedemo_counted_alone_total") == before + 2 * TIMES
    assert [one.levelno for one in caplog.records] == [logging.WARNING]
    redis.start()
    assert await refused(buckets, "a") == TIMES - 3


async def test_a_redis_that_hangs_holds_nobody_up_and_its_late_answers_are_nobodys(
    buckets: limits.Buckets,
    redis: Redis,
    store: StoreInRedis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await store.run("return 1", [])
    monkeypatch.setattr(shared_redis, "ANSWER_S", 0.2)
    redis.freeze()
    async with asyncio.timeout(10):
        assert await refused(buckets, "a") == TIMES - 3
    redis.thaw()
    monkeypatch.setattr(shared_redis, "ANSWER_S", PATIENT_S)
    for number in range(TIMES):
        async with asyncio.timeout(10):
            assert await answered(store, number) == number


async def answered(store: StoreInRedis, number: int) -> int:
    """Ask until Redis answers."""
    while True:
        try:
            return int(await store.run("return tonumber(ARGV[1])", [], number))
        except AwayError:
            await asyncio.sleep(0.02)


async def test_nobody_waits_for_a_redis_that_has_not_answered_a_moment_ago(
    redis: Redis, store: StoreInRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_redis, "PAUSE_S", 60.0)
    redis.stop()
    with pytest.raises(AwayError):
        await store.run("return 1", [])
    redis.start()
    with pytest.raises(AwayError):
        await store.run("return 1", [])
    monkeypatch.setattr(store, "_asks_at", 0.0)
    assert await store.run("return 1", []) == 1


async def test_a_redis_that_was_started_again_is_used_at_once(
    redis: Redis, store: StoreInRedis
) -> None:
    assert await store.run("return 1", []) == 1
    redis.stop()
    redis.start()
    assert await store.run("return 2", []) == 2
