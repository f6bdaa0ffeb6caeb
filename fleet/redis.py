"""The workers of all machines, in Redis. Its clock counts: the machines' own need not agree.

Keys, each with the prefix of this product:

- ``workers``: the channels that had a lease lately (a sorted set: the last renewal, in ms);
- ``worker:CHANNEL``: the lease as JSON. Redis deletes it when it runs out;
- ``gone:CHANNEL``: the worker has said goodbye, or its supervisor has seen it die;
- ``reserved:CHANNEL``: the calls that have a place there (a sorted set: until when, in ms).
"""

import uuid
from collections.abc import Awaitable, Collection
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .base import RESERVED_S, FleetError, Roll
from .cancellation import cancellable
from .lease import LEASE_S, WorkerLease

PREFIX = "voicedemo:fleet:"
GONE_S = 600
"""How long it is remembered that a worker is gone. The sockets with a call there ask at once."""
ANSWER_S = 1.0
"""Redis answers within milliseconds, or does not answer."""

_WORKERS = "local workers = KEYS[1] .. 'workers'"
_NOW = f"""{_WORKERS}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# ARGV: channel, lease, its life in ms, how long the channel is known in ms, calls that it has now.
_RENEW = f"""{_NOW}
local lease = KEYS[1] .. 'worker:' .. ARGV[1]
local had_run_out = redis.call('ZSCORE', workers, ARGV[1]) and redis.call('EXISTS', lease) == 0
if redis.call('EXISTS', KEYS[1] .. 'gone:' .. ARGV[1]) == 1 then had_run_out = true end
redis.call('DEL', KEYS[1] .. 'gone:' .. ARGV[1])
redis.call('ZADD', workers, now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now - ARGV[4])
redis.call('SET', lease, ARGV[2], 'PX', ARGV[3])
for i = 5, #ARGV do redis.call('ZREM', KEYS[1] .. 'reserved:' .. ARGV[1], ARGV[i]) end
return had_run_out and 1 or 0
"""
# ARGV: channel, how long it is remembered in s.
_WITHDRAW = """
redis.call('ZREM', KEYS[1] .. 'workers', ARGV[1])
redis.call('DEL', KEYS[1] .. 'worker:' .. ARGV[1], KEYS[1] .. 'reserved:' .. ARGV[1])
redis.call('SET', KEYS[1] .. 'gone:' .. ARGV[1], '1', 'EX', ARGV[2])
"""
# ARGV: call, how long its place is reserved in ms, channels that are not asked.
_RESERVE = f"""{_NOW}
local refused = {{}}
for i = 3, #ARGV do refused[ARGV[i]] = true end
local best, least
for _, channel in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
  local found = redis.call('GET', KEYS[1] .. 'worker:' .. channel)
  if found and not refused[channel] then
    local reserved = KEYS[1] .. 'reserved:' .. channel
    redis.call('ZREMRANGEBYSCORE', reserved, '-inf', now)
    local lease = cjson.decode(found)
    local waiting = redis.call('ZCARD', reserved)
    if not lease.is_draining and lease.calls + waiting < lease.capacity then
      local load = math.max(lease.busy, lease.calls / lease.capacity) + waiting / lease.capacity
      if not least or load < least then best, least = channel, load end
    end
  end
end
if not best then return false end
local reserved = KEYS[1] .. 'reserved:' .. best
redis.call('ZADD', reserved, now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', reserved, ARGV[2])
return best
"""
# ARGV: channels that somebody asks about.
_ROLL = f"""{_WORKERS}
local up, gone = {{}}, {{}}
for _, channel in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
  local lease = redis.call('GET', KEYS[1] .. 'worker:' .. channel)
  if lease then table.insert(up, lease) end
end
for _, channel in ipairs(ARGV) do
  if redis.call('EXISTS', KEYS[1] .. 'gone:' .. channel) == 1 then table.insert(gone, channel) end
end
return {{up, gone}}
"""


class FleetInRedis:
    """Implements :class:`fleet.base.Fleet`. For one event loop."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
        )

    async def renew(self, lease: WorkerLease, taken: Collection[uuid.UUID] = ()) -> bool:
        life, known = round(1000 * LEASE_S), 1000 * GONE_S
        calls = [call_id.hex for call_id in taken]
        found = await self._run(_RENEW, lease.channel, lease.model_dump_json(), life, known, *calls)
        return not found

    async def withdraw(self, channel: str) -> None:
        await self._run(_WITHDRAW, channel, GONE_S)

    async def reserve(self, call_id: uuid.UUID, without: Collection[str] = ()) -> str | None:
        life = round(1000 * RESERVED_S)
        return cast(str | None, await self._run(_RESERVE, call_id.hex, life, *without))

    async def release(self, call_id: uuid.UUID, channel: str) -> None:
        await self._asked(self._redis.zrem(f"{PREFIX}reserved:{channel}", call_id.hex))

    async def roll(self, asked: Collection[str] = ()) -> Roll:
        up, gone = await self._run(_ROLL, *asked)
        return Roll([WorkerLease.model_validate_json(lease) for lease in up], frozenset(gone))

    async def close(self) -> None:
        await self._redis.aclose()

    async def _run(self, script: str, *arguments: Any) -> Any:
        return await self._asked(self._redis.eval(script, 1, PREFIX, *arguments))

    async def _asked(self, answer: Any) -> Any:
        try:
            return await cancellable(cast(Awaitable[Any], answer))
        except (RedisError, OSError) as exc:
            raise FleetError(str(exc) or type(exc).__name__) from exc
