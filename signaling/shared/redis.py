"""Redis, as limits use it: it answers at once or is left alone for a moment."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from calls import metrics
from fleet.cancellation import cancellable

from .base import AwayError

log = logging.getLogger("voicedemo.redis")

PREFIX = "voicedemo:shared:"
ANSWER_S = 0.2
"""A page waits for this."""
PAUSE_S = 1.0
"""After a failure nobody asks, and so nobody waits, for this long."""
WARN_EVERY_S = 60.0
MAX_CONNECTIONS = 16


class StoreInRedis:
    """Implements :class:`signaling.shared.base.Store`. For one event loop."""

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            # run() has one for everything. The client itself only limits what it does on the way
            # out of that, as it closes a connection.
            timeout=None,
            socket_connect_timeout=ANSWER_S,
            # Once more at once: Redis has closed this connection if it was started again.
            retry=Retry(NoBackoff(), 1),
        )
        self._redis = Redis.from_pool(pool)
        self._asks_at = 0.0
        self._warns_at = 0.0

    async def run(self, script: str, keys: Sequence[str], *arguments: str | float) -> Any:
        if time.monotonic() < self._asks_at:
            metrics.counted_alone()
            raise AwayError
        named = [PREFIX + key for key in keys]
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = self._redis.eval(script, len(named), *named, *map(str, arguments))
                return await cancellable(answer)
        except (RedisError, OSError) as exc:  # TimeoutError is an OSError
            self._asks_at = time.monotonic() + PAUSE_S
            self._warn(exc)
            metrics.counted_alone()
            raise AwayError from exc

    async def close(self) -> None:
        await self._redis.aclose()

    def _warn(self, exc: Exception) -> None:
        if time.monotonic() < self._warns_at:
            return
        self._warns_at = time.monotonic() + WARN_EVERY_S
        why = str(exc) or "it does not answer"
        log.warning("Redis is away, and this process counts for its limits alone: %s", why)
