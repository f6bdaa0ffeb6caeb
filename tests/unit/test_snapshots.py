"""What a worker knows of its calls, where the next worker finds it."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import msgpack
import pytest

from bot.call import snapshots as kept_module
from bot.call.snapshots import KeptCalls
from fleet.base import FleetError
from fleet.redis_snapshots import SnapshotsInRedis
from tests.redis import Redis
from wire.snapshots import MAX_BYTES, CallSnapshot, ParrotSnapshot

pytestmark = pytest.mark.unit

CALL, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
async def pair(redis: Redis) -> AsyncIterator[tuple[SnapshotsInRedis, SnapshotsInRedis]]:
    """Those of two workers."""
    one, next_one = (SnapshotsInRedis(redis.url, worker) for worker in ("bot.1", "bot.2"))
    yield one, next_one
    await one.close()
    await next_one.close()


Pair = tuple[SnapshotsInRedis, SnapshotsInRedis]


async def test_the_next_worker_gets_the_latest(pair: Pair) -> None:
    one, next_one = pair
    assert await next_one.take(OTHER) == b""
    await one.keep({CALL: b"\x00old"}, [])
    await one.keep({CALL: b"\xffnew"}, [])
    await one.keep({}, [CALL])
    assert await next_one.take(CALL) == b"\xffnew"


async def test_a_worker_that_wakes_up_changes_nothing_of_a_call_that_it_has_no_more(
    pair: Pair,
) -> None:
    one, next_one = pair
    await one.keep({CALL: b"old"}, [])
    await next_one.take(CALL)
    await one.keep({CALL: b"older"}, [])
    await one.forget([CALL])
    assert await next_one.take(CALL) == b"old"
    await next_one.keep({CALL: b"new"}, [])
    assert await next_one.take(CALL) == b"new"


async def test_what_is_forgotten_is_gone(pair: Pair) -> None:
    one, next_one = pair
    await one.keep({CALL: b"x", OTHER: b"y"}, [])
    await one.forget([CALL])
    assert (await next_one.take(CALL), await next_one.take(OTHER)) == (b"", b"y")


async def test_a_redis_without_its_memory_is_told_again(pair: Pair, redis: Redis) -> None:
    one, next_one = pair
    calls = [Speaking(CALL, b"told")]
    kept = KeptCalls(one, lambda: calls)
    await kept.keep()
    redis.stop()
    with pytest.raises(FleetError):
        await next_one.take(CALL)
    await kept.keep()
    redis.start()
    await kept.keep()
    await kept.keep()
    assert CallSnapshot.unpack(await next_one.take(CALL)).voice == b"told"
    await kept.stop()


async def test_a_call_that_has_ended_is_forgotten(pair: Pair) -> None:
    one, next_one = pair
    calls = [Speaking(CALL, b"told"), Speaking(OTHER, b"also")]
    kept = KeptCalls(one, lambda: calls)
    await kept.keep()
    calls.pop()
    await kept.keep()
    assert await next_one.take(OTHER) == b""
    calls.pop()
    await kept.stop()
    assert await next_one.take(CALL) == b""


async def test_a_worker_that_stops_may_keep_while_it_keeps(pair: Pair) -> None:
    """It keeps every second, and before it asks its pages to move."""
    one, next_one = pair
    calls = [Speaking(CALL, b"told"), Speaking(OTHER, b"also")]
    kept = KeptCalls(one, lambda: calls)
    await kept.keep()
    calls.pop()
    await asyncio.gather(kept.keep(), kept.keep())
    assert await next_one.take(OTHER) == b""
    assert CallSnapshot.unpack(await next_one.take(CALL)).voice == b"told"
    await kept.stop()


async def test_a_snapshot_that_is_too_big_is_not_kept_nor_is_an_old_one(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    one, next_one = pair
    call = Speaking(CALL, b"told")
    kept = KeptCalls(one, lambda: [call])
    await kept.keep()
    call.voice = bytes(MAX_BYTES + 1)
    await kept.keep()
    await kept.keep()
    assert await next_one.take(CALL) == b""
    assert str(CALL) in caplog.text and len(caplog.records) == 1
    await kept.stop()


async def test_a_call_begins_anew_while_redis_is_away(
    pair: Pair, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptCalls(pair[0], list)
    redis.stop()
    assert await kept.recall(CALL) == CallSnapshot()
    assert str(CALL) in caplog.text
    await kept.stop()


async def test_what_is_recalled_is_kept_for_the_worker_after_this_one(
    pair: Pair, redis: Redis
) -> None:
    one, next_one = pair
    await one.keep({CALL: CallSnapshot(voice=b"told").pack()}, [])
    kept = KeptCalls(next_one, list)
    assert (await kept.recall(CALL)).voice == b"told"
    third = SnapshotsInRedis(redis.url, "bot.3")
    assert CallSnapshot.unpack(await third.take(CALL)).voice == b"told"
    await kept.stop()
    await third.close()


async def test_they_are_taken_again_and_again(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    one, next_one = pair
    monkeypatch.setattr(kept_module, "KEPT_EVERY_S", 0.01)
    kept = KeptCalls(one, lambda: [Speaking(CALL, b"told")])
    async with asyncio.timeout(10):
        while not kept._kept:
            await asyncio.sleep(0.01)
    assert CallSnapshot.unpack(await next_one.take(CALL)).voice == b"told"
    await kept.stop()


@pytest.mark.parametrize(
    "data", [b"\xc1", b"{}", msgpack.packb({"to_say": 3}), msgpack.packb([1]), b"\x93\x01"]
)
def test_a_snapshot_of_another_version_is_read_as_an_empty_one(data: bytes) -> None:
    assert ParrotSnapshot.unpack(data) == ParrotSnapshot()


def test_a_snapshot_is_read_as_it_was_written() -> None:
    for snapshot in (
        CallSnapshot(ends_at=1.5, waits_ms=[800, 900], voice=b"\x00\xff"),
        ParrotSnapshot(phrase=[b"", b"\xf8"], speech=1, quiet=2),
    ):
        assert type(snapshot).unpack(snapshot.pack()) == snapshot
    assert CallSnapshot().pack() == b""


class Speaking:
    """A call, as far as its snapshot goes."""

    def __init__(self, call_id: uuid.UUID, voice: bytes) -> None:
        self.call_id = call_id
        self.voice = voice

    def snapshot(self) -> CallSnapshot:
        return CallSnapshot(voice=self.voice)
