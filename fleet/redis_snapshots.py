"""The latest snapshot of each call, in Redis, for the worker that goes on with the call.

A call's key is ``snapshot:CALL``, with the prefix of this product. It has the channel of the worker
that has the call, and the snapshot. A worker that another one has followed can no longer change it.
"""

import uuid
from collections.abc import Collection, Mapping
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .base import FleetError
from .cancellation import cancellable

PREFIX = "voicedemo:fleet:snapshot:"
KEPT_S = 120
"""So long a snapshot outlives its worker. A call that nobody goes on with is over by then."""
ANSWER_S = 1.0

# KEYS: the prefix. ARGV: worker, how long it is kept in s, then pairs of a call and its snapshot
# after a '=', or '' where that has not changed. Returns the calls whose snapshot is not there.
_KEEP = """
local gone = {}
for i = 3, #ARGV, 2 do
  local key = KEYS[1] .. ARGV[i]
  local worker = redis.call('HGET', key, 'worker')
  if worker == ARGV[1] or not worker then
    if ARGV[i + 1] ~= '' then
      redis.call('HSET', key, 'worker', ARGV[1], 'snapshot', string.sub(ARGV[i + 1], 2))
    elseif not worker then table.insert(gone, ARGV[i]) end
    redis.call('EXPIRE', key, ARGV[2])
  end
end
return gone
"""
# KEYS: the prefix. ARGV: worker, how long it is kept in s, call.
_TAKE = """
local key = KEYS[1] .. ARGV[3]
local snapshot = redis.call('HGET', key, 'snapshot')
redis.call('HSET', key, 'worker', ARGV[1])
redis.call('EXPIRE', key, ARGV[2])
return snapshot
"""
# KEYS: the prefix. ARGV: worker, calls.
_FORGET = """
for i = 2, #ARGV do
  local key = KEYS[1] .. ARGV[i]
  if redis.call('HGET', key, 'worker') == ARGV[1] then redis.call('DEL', key) end
end
"""


class SnapshotsInRedis:
    """Implements :class:`fleet.base.Snapshots`. For one event loop.

    :param worker: the channel of the worker whose calls they are.
    """

    def __init__(self, url: str, worker: str) -> None:
        self._worker = worker
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
        )

    async def keep(
        self, changed: Mapping[uuid.UUID, bytes], unchanged: Collection[uuid.UUID]
    ) -> set[uuid.UUID]:
        pairs: list[str | bytes] = []
        for call_id, snapshot in changed.items():
            pairs += (call_id.hex, b"=" + snapshot)
        for call_id in unchanged:
            pairs += (call_id.hex, "")
        gone = await self._run(_KEEP, KEPT_S, *pairs)
        return {uuid.UUID(call.decode()) for call in gone}

    async def take(self, call_id: uuid.UUID) -> bytes:
        return cast(bytes, await self._run(_TAKE, KEPT_S, call_id.hex) or b"")

    async def forget(self, calls: Collection[uuid.UUID]) -> None:
        await self._run(_FORGET, *(call_id.hex for call_id in calls))

    async def close(self) -> None:
        await self._redis.aclose()

    async def _run(self, script: str, *arguments: str | bytes | int) -> Any:
        try:
            answer = self._redis.eval(script, 1, PREFIX, self._worker, *arguments)
            return await cancellable(answer)
        except (RedisError, OSError) as exc:
            raise FleetError(str(exc) or type(exc).__name__) from exc
