"""Offers a call to one worker after the other, until one has taken it."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from fleet.base import FleetError
from wire.bot import ToBot, Withdraw
from wire.errors import ProtocolError

from . import database, dispatch

log = logging.getLogger("voicedemo.socket")

TAKEN_S = 1.0
"""A worker says within milliseconds that it has a call. After this, another one is asked."""
MAX_TRIES = 10
MAX_KEPT = 300
"""Messages that the next worker is sent too. A browser sends a few dozen."""


class Placement:
    """One call that no worker has taken yet.

    :param channel: of the worker that was asked first. Its place is reserved.
    :param send: sends an event to a channel.
    :param on_next: called with the channel of the next worker, before it is sent anything.
    """

    def __init__(
        self,
        call_id: uuid.UUID,
        channel: str,
        send: Callable[[str, dict[str, Any]], Awaitable[None]],
        on_next: Callable[[str], None],
    ) -> None:
        self._call_id = call_id
        self._channel = channel
        self._send = send
        self._on_next = on_next
        self._kept: list[ToBot] = []
        self._task = asyncio.get_running_loop().create_task(self._run())

    def keep(self, envelope: ToBot) -> None:
        """Remember a message that was sent to the worker, for the next one."""
        if len(self._kept) < MAX_KEPT:
            self._kept.append(envelope)

    def cancel(self) -> None:
        """The call is taken, or nobody waits for it any more."""
        self._task.cancel()

    async def _run(self) -> None:
        tried = {self._channel}
        for _ in range(MAX_TRIES):
            await asyncio.sleep(TAKEN_S)
            try:
                # If there is no other worker, this one may only be slow.
                if channel := await dispatch.reserve(self._call_id, tried):
                    tried.add(channel)
                    await self._ask(channel)
            except (ProtocolError, FleetError) as exc:
                log.warning("call %s: no other worker can be asked: %s", self._call_id, exc)

    async def _ask(self, channel: str) -> None:
        """Give the call to another worker, and take it from the one that did not answer."""
        before = self._channel
        log.warning("call %s: its worker does not answer, and another one is asked", self._call_id)
        given = await database.ask(dispatch.give, self._call_id, before, channel)
        if given.voice is None:
            self.cancel()  # the page's next socket looks after the call
            return
        self._channel = channel
        self._on_next(channel)
        if self._kept:
            withdraw = self._kept[0].model_copy(update={"message": Withdraw()})
            await self._send(before, withdraw.event())
        for envelope in list(self._kept):
            await self._send(channel, envelope.event())
