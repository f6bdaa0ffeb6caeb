"""The channel layer over Redis, while Redis is away too."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from channels_redis.core import RedisChannelLayer
from redis.exceptions import RedisError

from .base import FleetError

log = logging.getLogger("voicedemo.redis")

PAUSE_S = 0.25


class RedisLayer(RedisChannelLayer):
    """A socket or a worker that reads while Redis is away reads on when it is back."""

    _is_away = False

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send a message.

        :raises FleetError: if Redis is away. The sender knows whether it is worth sending again.
        """
        try:
            try:
                await super().send(channel, message)
            except (RedisError, OSError):
                # A connection that Redis closed when it ended. The next one is a new one.
                await super().send(channel, message)
        except (RedisError, OSError) as exc:
            raise FleetError(f"Redis is away: {exc}") from exc

    async def receive(self, channel: str) -> Any:
        while True:
            try:
                message = await super().receive(channel)
            except (RedisError, OSError) as exc:
                if not self._is_away:
                    log.warning("Redis is away: calls go on, and nobody can begin one: %s", exc)
                self._is_away = True
                await asyncio.sleep(PAUSE_S)
            else:
                self._is_away = False
                return message

    async def _clean_receive_backup(self, index: int, channel: str) -> None:
        """Forget a message that was read. It is in a task of its own, whose result nobody takes.

        While Redis is away the message stays, and may be read once more.
        """
        with suppress(RedisError, OSError):
            await super()._clean_receive_backup(index, channel)
