"""Offers a call to one worker after the other, until one has taken it."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from fleet.base import FleetError
from wire.bot import Attach, ToBot
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
    :param on_given: called with the worker that the call was given to instead, before that is sent
        anything; and when the worker has taken the call, as the database says.
    """

    def __init__(
        self,
        call_id: uuid.UUID,
        channel: str,
        send: Callable[[str, dict[str, Any]], Awaitable[None]],
        on_given: Callable[[dispatch.Given], None],
    ) -> None:
        self._call_id = call_id
        self._channel = channel
        self._send = send
        self._on_given = on_given
        self._kept: list[ToBot] = []
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def is_over(self) -> bool:
        """Whether no other worker will be asked."""
        return self._task.done()

    def keep(self, envelope: ToBot) -> None:
        """Remember a message that was sent to the worker, for the next one."""
        if len(self._kept) < MAX_KEPT:
            self._kept.append(envelope)

    def cancel(self) -> None:
        """The call is taken, or the page's next socket looks after it."""
        self._task.cancel()

    async def _run(self) -> None:
        tried = {self._channel}
        for _ in range(MAX_TRIES):
            await asyncio.sleep(TAKEN_S)
            try:
                # If there is no other worker, this one may only be slow.
                channel = await dispatch.reserve(self._call_id, tried) or self._channel
                given = await database.ask(
                    dispatch.give_untaken, self._call_id, self._channel, channel
                )
                tried.add(given.channel)
                await self._follow(given)
                if given.voice is None:
                    return
            except (ProtocolError, FleetError) as exc:
                log.warning("call %s: no other worker can be asked: %s", self._call_id, exc)

    async def _follow(self, given: dispatch.Given) -> None:
        """Go to the worker that was given the call, by us or by another socket of the page."""
        before, self._channel = self._channel, given.channel
        self._on_given(given)
        if given.channel == before:
            return
        log.warning("call %s: its worker does not answer, and another one is asked", self._call_id)
        for envelope in [*self._attached(), *self._kept]:
            await self._send(given.channel, envelope.event())

    def _attached(self) -> list[ToBot]:
        """What lets a worker that has the call already answer to this socket."""
        attach = Attach(is_taken=False)
        return [envelope.model_copy(update={"message": attach}) for envelope in self._kept[:1]]
