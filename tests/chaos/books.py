"""What the database and Redis say, to be compared with what callers saw."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, LiteralString

import psycopg
from redis.asyncio import Redis

from fleet import redis as fleet_keys
from fleet import redis_snapshots as snapshot_keys
from fleet.lease import WorkerLease
from wire.states import LIVE

from .system import System

LOOKED_EVERY_S: Final = 0.1
_LIVE: Final = [state.value for state in LIVE]


async def eventually(
    look: Callable[[], Awaitable[object]], wanted: object, within_s: float
) -> None:
    """Wait until ``look`` finds what is wanted.

    :raises AssertionError: if it does not in time.
    """
    deadline = time.monotonic() + within_s
    while (found := await look()) != wanted:
        assert time.monotonic() < deadline, f"{found!r}, not {wanted!r}"
        await asyncio.sleep(LOOKED_EVERY_S)


class Books:
    """Asks the database and Redis of a system, from outside."""

    def __init__(self, system: System) -> None:
        self._system = system

    async def calls(self) -> Counter[tuple[str, str]]:
        """How many rows there are, by state and reason."""
        rows = await self._ask("select state, reason, count(*) from calls_call group by 1, 2")
        return Counter({(state, reason): count for state, reason, count in rows})

    async def calls_by_worker(self) -> Counter[str]:
        """How many rows say that this worker has a live call, by channel."""
        rows = await self._ask(
            "select bot_channel, count(*) from calls_call where state = any(%s) group by 1", _LIVE
        )
        return Counter(dict(rows))

    async def reports(self) -> int:
        """How many events of the callers' are in the timelines."""
        ((count,),) = await self._ask("select count(*) from calls_callevent where author = 'page'")
        return int(count)

    async def without_end(self) -> int:
        """How many rows say that a call is over, but not when."""
        ((count,),) = await self._ask(
            "select count(*) from calls_call where state <> all(%s) and ended_at is null", _LIVE
        )
        return int(count)

    async def connections(self) -> int:
        """How many connections to the database are open beside our own."""
        ((count,),) = await self._ask(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        return int(count)

    async def calls_of_lease(self, channel: str) -> int | None:
        """How many calls a worker says that it has; None while it says nothing."""
        async with self._redis() as redis:
            lease = await redis.get(f"{fleet_keys.PREFIX}worker:{channel}")
        return None if lease is None else WorkerLease.model_validate_json(lease).calls

    async def keys_of_calls(self) -> list[str]:
        """The keys in Redis that belong to a call: snapshots and reservations."""
        return await self._keys(f"{snapshot_keys.PREFIX}*", f"{fleet_keys.PREFIX}reserved:*")

    async def keys_for_ever(self) -> list[str]:
        """The keys in Redis that nothing will ever delete, but the list of workers."""
        async with self._redis() as redis:
            keys = [key async for key in redis.scan_iter() if await redis.ttl(key) == -1]
        return [key for key in keys if key != f"{fleet_keys.PREFIX}workers"]

    async def balance(self, expected: Counter[tuple[str, str]], within_s: float = 5.0) -> None:
        """The rows say what the callers saw, no call is live, and Redis has nothing of any call.

        :param expected: how calls ended, by state and reason.
        """
        await eventually(self.calls, expected, within_s)
        assert await self.without_end() == 0
        await eventually(self.keys_of_calls, [], within_s)
        assert await self.keys_for_ever() == []

    def _redis(self) -> Redis:
        return Redis.from_url(self._system.redis.url, decode_responses=True)

    async def _keys(self, *patterns: str) -> list[str]:
        async with self._redis() as redis:
            return [key for pattern in patterns async for key in redis.scan_iter(pattern)]

    async def _ask(self, query: LiteralString, *values: Any) -> list[Any]:
        async with await psycopg.AsyncConnection.connect(self._system.postgres.url) as database:
            return await (await database.execute(query, values)).fetchall()
