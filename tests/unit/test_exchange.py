"""What processes tell each other about the providers of ICE servers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signaling.ice import budget, counts, exchange, issuing, registry
from signaling.ice.base import IceServer, IceServers, ProviderError
from signaling.ice.guard import Guard
from signaling.shared.redis import StoreInRedis
from tests.redis import Redis

pytestmark = pytest.mark.unit

TTL = timedelta(minutes=45)


class Provider:
    """A provider that issues another credential each time, or fails as it is told to."""

    name = "provider"
    issued = 0

    def __init__(self, failure: ProviderError | None = None) -> None:
        self.failure = failure
        self.asked = 0

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        self.asked += 1
        if self.failure:
            raise self.failure
        Provider.issued += 1
        server = IceServer(
            urls=["turn:x.example"], username=f"{call_id}-{self.issued}", credential="c"
        )
        return IceServers((server,), datetime.now(UTC) + ttl)


@pytest.fixture
def everybodys(store: StoreInRedis, monkeypatch: pytest.MonkeyPatch) -> StoreInRedis:
    """What the processes of a test share."""
    monkeypatch.setattr(exchange, "store", lambda: store)
    return store


async def told(guard: Guard, call_id: str) -> Guard:
    """A guard of one process, when it has asked what the others know."""
    for known in await exchange.recall(call_id, [guard.name]):
        guard.learn(call_id, known)
    return guard


@pytest.mark.usefixtures("everybodys")
async def test_a_call_gets_from_one_process_what_it_got_from_another() -> None:
    here, there = Provider(), Provider()
    first = await Guard(here).issue("a", TTL)
    other = await told(Guard(there), "a")
    assert other.knows("a")
    assert other.has_issued("turn:x.example")
    assert await other.issue("a", TTL) == first
    assert (here.asked, there.asked) == (1, 0)


@pytest.mark.usefixtures("everybodys")
async def test_no_call_gets_what_another_got_from_another_process() -> None:
    first = await Guard(Provider()).issue("a", TTL)
    second = await (await told(Guard(Provider()), "b")).issue("b", TTL)
    assert first and second
    assert first.servers != second.servers


@pytest.mark.usefixtures("everybodys")
async def test_what_another_process_issued_is_fresh_for_half_its_life_there_too() -> None:
    brief = timedelta(seconds=2)
    await Guard(Provider()).issue("a", brief)
    (known,) = await exchange.recall("a", ["provider"])
    assert known.fresh_s == pytest.approx(known.life_s - 1, abs=0.5)
    async with asyncio.timeout(10):
        while not (await told(Guard(Provider()), "a")).would_ask("a"):
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("everybodys")
async def test_a_provider_that_asks_for_a_pause_gets_it_from_all_processes() -> None:
    busy = ProviderError("HTTP 429", retry_after=timedelta(minutes=2))
    assert await Guard(Provider(busy)).issue("a", TTL) is None
    there = Provider()
    other = await told(Guard(there), "b")
    assert not other.would_ask("b")
    assert await other.issue("b", TTL) is None
    assert there.asked == 0


@pytest.mark.usefixtures("everybodys")
async def test_a_provider_that_one_process_cannot_reach_is_asked_by_the_others() -> None:
    assert await Guard(Provider(ProviderError("ConnectError"))).issue("a", TTL) is None
    assert await (await told(Guard(Provider()), "b")).issue("b", TTL) is not None


@pytest.mark.usefixtures("everybodys")
async def test_without_redis_each_process_asks_for_itself(redis: Redis) -> None:
    redis.stop()
    assert await Guard(Provider()).issue("a", TTL)
    assert await (await told(Guard(Provider()), "a")).issue("a", TTL)


@pytest.mark.usefixtures("everybodys")
async def test_a_call_on_two_processes_pays_once(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "shared", budget.Budget(counts.CountsInMemory()))
    settings.VOICEDEMO_COTURN_URLS = ["turn:turn.example:3478"]
    settings.VOICEDEMO_COTURN_SECRET = "north"
    settings.VOICEDEMO_TURN_PER_NETWORK_DAY = 1
    first = await issuing.issue("a", "192.0.2.7", in_call=False)
    registry.guards.cache_clear()  # what another process starts with
    again = await issuing.issue("a", "192.0.2.7", in_call=True)
    assert not again.message.limited
    assert again.message.ice_servers == first.message.ice_servers
