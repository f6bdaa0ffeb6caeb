"""The calls that a worker was offered, and has not taken yet."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

from wire.bot import ToBot

MAX_WAITING = 256
"""Messages that may wait until their call is taken. A browser sends a few dozen."""


class Offered:
    """Takes calls. What else comes for a call waits meanwhile.

    :param take: takes a call. Returns False if another worker was offered it since.
    :param open_: called with the messages of a call that is taken. The first is the offer that
        opens it.
    """

    def __init__(
        self,
        take: Callable[[uuid.UUID], Awaitable[bool]],
        open_: Callable[[list[ToBot]], Awaitable[None]],
    ) -> None:
        self._take = take
        self._open = open_
        self._waiting: dict[uuid.UUID, list[ToBot]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, envelope: ToBot) -> bool:
        """Keep a message of a call that is being taken. Returns False if it is of no such call."""
        waiting = self._waiting.get(envelope.call_id)
        if waiting is None:
            return False
        if len(waiting) < MAX_WAITING:
            waiting.append(envelope)
        return True

    def add(self, offer: ToBot) -> None:
        """Take the call that this offer opens."""
        self._waiting[offer.call_id] = [offer]
        task = asyncio.get_running_loop().create_task(self._settle(offer.call_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Take no more. The sockets find another worker."""
        for task in self._tasks:
            task.cancel()

    async def _settle(self, call_id: uuid.UUID) -> None:
        is_ours = False
        try:
            is_ours = await self._take(call_id)
        finally:
            waiting = self._waiting.pop(call_id)
        if is_ours:
            await self._open(waiting)
