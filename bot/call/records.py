"""What the bot writes down about its calls: the only module here that touches the database."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any

from channels.db import database_sync_to_async

from calls import metrics, relay_costs, timeline
from calls.models import CallEvent, RelayUse
from wire.states import CallState

log = logging.getLogger("voicedemo.records")


class Recorder:
    """Writes in order, in the background: no call ever waits for the disk."""

    def __init__(self) -> None:
        self._writes: asyncio.Queue[Callable[[], None] | None] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def note(self, call_id: uuid.UUID, kind: str, **detail: Any) -> None:
        """Add a line to the call's timeline."""
        self._writes.put_nowait(
            lambda: timeline.append(call_id, CallEvent.Source.BOT, kind, detail)
        )

    def move(self, call_id: uuid.UUID, state: CallState, reason: str = "") -> None:
        """Move the call's row to ``state`` and say so in its timeline."""
        self._writes.put_nowait(lambda: _move(call_id, state, reason))

    def answered(self, call_id: uuid.UUID, ms: int) -> None:
        """The person waited so long for an answer."""
        metrics.answered(ms / 1000)
        self.note(call_id, "turn", ms=ms)

    def relayed(self, call_id: uuid.UUID, url: str, protocol: str, count: int, ms: int) -> None:
        """Count bytes that went through a TURN server."""
        self._writes.put_nowait(
            lambda: relay_costs.add(call_id, RelayUse.Side.BOT, url, protocol, count, ms)
        )

    async def stop(self) -> None:
        """Return once everything is written."""
        self._writes.put_nowait(None)
        await self._task

    async def _run(self) -> None:
        while write := await self._writes.get():
            try:
                await database_sync_to_async(write)()
            except Exception:
                # The call goes on without this line of its history.
                log.exception("a record was lost")


async def end_left_behind() -> int:
    """Fail the calls of a server that stopped without ending them. Returns how many."""
    count: int = await database_sync_to_async(timeline.end_all_live)("server_stopping")
    return count


def _move(call_id: uuid.UUID, state: CallState, reason: str) -> None:
    if timeline.move(call_id, state, reason):
        timeline.append(
            call_id, CallEvent.Source.BOT, "state", {"state": state.value, "reason": reason}
        )
