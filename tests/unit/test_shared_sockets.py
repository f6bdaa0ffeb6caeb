"""The limits on sockets are those of all processes together."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from signaling.shared import sockets as shared_sockets
from signaling.shared.sockets import Limits, SharedSockets
from tests.redis import Redis

from .conftest import MakeStore

pytestmark = pytest.mark.unit

LIMITS = Limits(by_network=3, by_ticket=2)

Process = Callable[[], SharedSockets]


@pytest.fixture
def process(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    monkeypatch.setattr(shared_sockets, "LEASE_S", 2.0)
    monkeypatch.setattr(shared_sockets, "TOLD_EVERY_S", 0.1)
    processes: list[SharedSockets] = []

    def make() -> SharedSockets:
        processes.append(SharedSockets(make_store()))
        return processes[-1]

    yield make
    for one in processes:
        kill(one)


def kill(process: SharedSockets) -> None:
    """It tells nothing any more."""
    if process._telling:
        process._telling.cancel()


async def fill(process: SharedSockets, network: str, count: int, name: str = "one") -> None:
    for number in range(count):
        told = await process.add(f"{name}-{number}", f"{name}-{number}", network, LIMITS)
        assert told == []


async def has_room(process: SharedSockets, network: str, channel: str) -> bool:
    """Whether there is room for a socket, which is removed again if there is none."""
    if await process.add(channel, channel, network, LIMITS) is not None:
        return True
    process.remove(channel)
    return False


async def test_a_network_has_so_many_sockets_in_all_processes(process: Process) -> None:
    here, there = process(), process()
    await fill(here, "a", 2)
    await fill(there, "a", 1, "two")
    asked = has_room(here, "a", "more"), has_room(there, "a", "another")
    assert list(await asyncio.gather(*asked)) == [False, False]
    assert await has_room(there, "b", "other")


async def test_a_socket_that_closes_makes_room_in_all_processes(process: Process) -> None:
    here, there = process(), process()
    await fill(here, "a", 3)
    here.remove("one-1")
    assert await has_room(there, "a", "more")


async def test_what_a_dead_process_had_makes_room_and_whoever_comes_meanwhile_waits_for_it(
    process: Process,
) -> None:
    """Pages whose process has died come to the next one all at once."""
    dead, alive = process(), process()
    await fill(dead, "a", 3)
    kill(dead)
    async with asyncio.timeout(10):
        rooms = await asyncio.gather(*(has_room(alive, "a", f"again-{n}") for n in range(3)))
    assert rooms == [True] * 3


async def test_the_oldest_sockets_of_a_ticket_make_room_wherever_they_are(process: Process) -> None:
    here, there = process(), process()
    assert await here.add("first", "t", "a", LIMITS) == []
    await asyncio.sleep(0.01)  # sockets that open in the same millisecond are equally old
    assert await there.add("second", "t", "b", LIMITS) == []
    await asyncio.sleep(0.01)
    assert await here.add("third", "t", "c", LIMITS) == ["first"]
    here.remove("first")
    async with asyncio.timeout(10):
        while "first" in here._closed:
            await asyncio.sleep(0.02)
    assert await there.add("fourth", "t", "d", LIMITS) == ["second"]


async def test_a_redis_without_its_memory_is_told_again(process: Process, redis: Redis) -> None:
    here, there = process(), process()
    await fill(here, "a", 3)
    redis.stop()
    redis.start()
    async with asyncio.timeout(10):
        while await has_room(there, "a", "more"):
            there.remove("more")
            await asyncio.sleep(0.05)


async def test_without_redis_there_is_room(process: Process, redis: Redis) -> None:
    here, there = process(), process()
    await fill(here, "a", 3)
    redis.stop()
    assert await has_room(there, "a", "more")


async def test_a_process_without_sockets_tells_nothing(process: Process) -> None:
    here = process()
    await fill(here, "a", 1)
    here.remove("one-0")
    assert here._telling
    await asyncio.wait_for(here._telling, 10)
    assert await here._store.run("return redis.call('EXISTS', KEYS[1])", ["sockets:network:a"]) == 0
