"""Counts of what was issued by all processes together, in Redis."""

import logging
import time
from collections.abc import Awaitable, Mapping
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .counts import CountsInMemory, Limit

log = logging.getLogger("voicedemo.ice")

PREFIX = "voicedemo:issued:"
ANSWER_S = 0.3
"""A page waits for this."""
WARN_EVERY_S = 60.0

# KEYS: what is counted. ARGV: the limit and the window in s of each.
_TAKE = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i - 1]) then return i end
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[2 * i]) end
end
return 0
"""


class CountsInRedis:
    """Implements :class:`signaling.ice.counts.Counts`. For one event loop.

    While Redis is away each process counts for itself, so that so many processes may issue as many
    times the budget, and no more.
    """

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
        )
        self._own = CountsInMemory()
        self._warn_at = 0.0

    async def take(self, wanted: Mapping[str, Limit]) -> Limit | None:
        keys = [PREFIX + key for key in wanted]
        terms = [term for limit in wanted.values() for term in (limit.count, limit.window_s)]
        try:
            asked = self._redis.eval(_TAKE, len(keys), *keys, *map(str, terms))
            reached = int(await cast(Awaitable[str], asked))
        except (RedisError, OSError) as exc:
            self._warn(exc)
            return await self._own.take(wanted)
        return list(wanted.values())[reached - 1] if reached else None

    async def close(self) -> None:
        await self._redis.aclose()

    def _warn(self, exc: Exception) -> None:
        if time.monotonic() > self._warn_at:
            self._warn_at = time.monotonic() + WARN_EVERY_S
            log.warning("Redis is away, and this process counts TURN credentials alone: %s", exc)
