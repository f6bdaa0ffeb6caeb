"""Which worker gets a call, with the workers in memory and in a real Redis."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from fleet import base, lease
from fleet import redis as in_redis
from fleet.base import Fleet, FleetError, Roll
from fleet.lease import WorkerLease, new_channel
from fleet.memory import FleetInMemory
from fleet.redis import FleetInRedis
from tests.redis import Redis

pytestmark = pytest.mark.unit


@pytest.fixture(params=["memory", "redis"])
async def fleet(request: pytest.FixtureRequest) -> AsyncIterator[Fleet]:
    if request.param == "memory":
        yield FleetInMemory()
        return
    fleet = FleetInRedis(request.getfixturevalue("redis").url)
    yield fleet
    await fleet.close()


def worker(name: str, **said: int | float | bool) -> WorkerLease:
    return WorkerLease.model_validate({"channel": f"bot.{name}.0", "capacity": 10, **said})


async def test_a_call_goes_to_the_worker_with_the_least_to_do(fleet: Fleet) -> None:
    await fleet.renew(worker("many-calls", calls=5))
    await fleet.renew(worker("few-calls", calls=2))
    await fleet.renew(worker("busy", calls=1, busy=0.9))
    assert await fleet.reserve(uuid.uuid4()) == "bot.few-calls.0"


async def test_a_reserved_place_is_taken(fleet: Fleet) -> None:
    await fleet.renew(worker("one", capacity=2))
    calls = [uuid.uuid4() for _ in range(3)]
    assert [await fleet.reserve(call) for call in calls] == ["bot.one.0", "bot.one.0", None]
    await fleet.release(calls[0], "bot.one.0")
    assert await fleet.reserve(calls[2]) == "bot.one.0"


async def test_a_reservation_ends_when_the_worker_counts_the_call_itself(fleet: Fleet) -> None:
    await fleet.renew(worker("one", capacity=2))
    call = uuid.uuid4()
    await fleet.reserve(call)
    await fleet.renew(worker("one", capacity=2, calls=1), taken=[call])
    assert await fleet.reserve(uuid.uuid4()) == "bot.one.0"
    assert await fleet.reserve(uuid.uuid4()) is None


async def test_a_reservation_that_nobody_takes_runs_out(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (base, in_redis):
        monkeypatch.setattr(module, "RESERVED_S", 0.05)
    monkeypatch.setattr("fleet.memory.RESERVED_S", 0.05)
    await fleet.renew(worker("one", capacity=1))
    assert await fleet.reserve(uuid.uuid4()) == "bot.one.0"
    async with asyncio.timeout(5):
        while await fleet.reserve(uuid.uuid4()) is None:
            await asyncio.sleep(0.02)


async def test_many_reservations_at_once_are_spread_and_never_too_many(fleet: Fleet) -> None:
    await fleet.renew(worker("one"))
    await fleet.renew(worker("two"))
    given = await asyncio.gather(*(fleet.reserve(uuid.uuid4()) for _ in range(30)))
    counts = [given.count(channel) for channel in ("bot.one.0", "bot.two.0", None)]
    assert counts == [10, 10, 10]


async def test_workers_that_are_far_from_full_share_the_calls_of_one_moment(fleet: Fleet) -> None:
    await fleet.renew(worker("one"))
    await fleet.renew(worker("two"))
    given = [await fleet.reserve(uuid.uuid4()) for _ in range(6)]
    assert given.count("bot.one.0") == 3


async def test_a_worker_that_drains_or_was_asked_already_gets_no_call(fleet: Fleet) -> None:
    await fleet.renew(worker("draining", is_draining=True))
    await fleet.renew(worker("one"))
    assert await fleet.reserve(uuid.uuid4(), without=["bot.one.0"]) is None
    assert await fleet.reserve(uuid.uuid4()) == "bot.one.0"


async def test_a_worker_that_has_said_goodbye_is_gone(fleet: Fleet) -> None:
    await fleet.renew(worker("one"))
    await fleet.withdraw("bot.one.0")
    assert await fleet.reserve(uuid.uuid4()) is None
    assert await fleet.roll(["bot.one.0"]) == Roll([], frozenset({"bot.one.0"}))


async def test_without_workers_there_is_no_place(fleet: Fleet) -> None:
    assert await fleet.reserve(uuid.uuid4()) is None


async def test_each_run_of_a_worker_has_a_channel_of_its_own() -> None:
    assert new_channel("host-1") != new_channel("host-1")
    assert len(new_channel("x" * 40)) < 100  # Channels' limit


class TestInRedis:
    async def test_a_worker_that_is_late_is_told_so(
        self, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(in_redis, "LEASE_S", 0.05)
        fleet = FleetInRedis(redis.url)
        assert await fleet.renew(worker("one"))
        async with asyncio.timeout(5):
            while (await fleet.roll()).up:
                await asyncio.sleep(0.02)
        assert await fleet.reserve(uuid.uuid4()) is None
        assert not await fleet.renew(worker("one"))
        await fleet.close()

    async def test_a_worker_that_was_given_up_is_told_so(self, redis: Redis) -> None:
        fleet = FleetInRedis(redis.url)
        await fleet.renew(worker("one"))
        await fleet.withdraw("bot.one.0")
        assert not await fleet.renew(worker("one"))
        assert await fleet.renew(worker("one"))
        await fleet.close()

    async def test_two_processes_see_the_same_workers(self, redis: Redis) -> None:
        mine, theirs = FleetInRedis(redis.url), FleetInRedis(redis.url)
        await mine.renew(worker("one"))
        assert (await theirs.roll()).up == [worker("one")]
        await mine.close()
        await theirs.close()

    async def test_without_redis_nobody_knows_and_after_it_everybody_does(
        self, redis: Redis
    ) -> None:
        fleet = FleetInRedis(redis.url)
        await fleet.renew(worker("one"))
        redis.stop()
        for asking in (fleet.reserve(uuid.uuid4()), fleet.roll(), fleet.renew(worker("one"))):
            with pytest.raises(FleetError):
                await asking
        redis.start()  # it has forgotten everything
        assert await fleet.roll(["bot.one.0"]) == Roll([], frozenset())
        assert await fleet.renew(worker("one"))
        await fleet.close()


def test_a_lease_lasts_for_more_than_two_renewals() -> None:
    assert lease.LEASE_S > 2 * lease.RENEWED_EVERY_S
