"""The bot's records of its calls. In the bot, only this module uses the database."""

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
    """Writes to the database in the background and in order, so that no call waits for the disk."""

    def __init__(self) -> None:
        self._writes: asyncio.Queue[Callable[[], None] | None] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def of(self, call_id: uuid.UUID) -> "CallRecord":
        return CallRecord(call_id, self._writes.put_nowait)

    async def stop(self) -> None:
        """Return when everything is written."""
        self._writes.put_nowait(None)
        await self._task

    async def _run(self) -> None:
        while write := await self._writes.get():
            try:
                await database_sync_to_async(write)()
            except Exception:
                # The call goes on without this record.
                log.exception("a call's record could not be written and is lost")


class CallRecord:
    """Records of one call.

    :param put: is called with each write. It does them later, in order.
    """

    def __init__(self, call_id: uuid.UUID, put: Callable[[Callable[[], None]], None]) -> None:
        self._call_id = call_id
        self._put = put

    def note(self, kind: str, **detail: Any) -> None:
        """Add an event to the call's timeline."""
        self._put(lambda: timeline.append(self._call_id, CallEvent.Author.BOT, kind, detail))

    def move(self, state: CallState, reason: str = "") -> None:
        """Move the call's row to ``state``, and note that in its timeline."""
        self._put(lambda: _move(self._call_id, state, reason))

    def answered(self, ms: int) -> None:
        """Note how long the person waited for an answer."""
        metrics.answered(ms / 1000)
        self.note("turn", ms=ms)

    def relayed(self, provider: str, protocol: str, count: int, ms: int) -> None:
        """Record that ``count`` bytes went through a TURN server within ``ms`` milliseconds."""
        self._put(
            lambda: relay_costs.add(self._call_id, RelayUse.Side.BOT, provider, protocol, count, ms)
        )


async def end_left_behind() -> int:
    """Fail the calls of a server that stopped without ending them. Returns how many there were."""
    count: int = await database_sync_to_async(timeline.end_all_live)("server_stopping")
    return count


def _move(call_id: uuid.UUID, state: CallState, reason: str) -> None:
    if timeline.move(call_id, state, reason):
        detail = {"state": state.value, "reason": reason}
        timeline.append(call_id, CallEvent.Author.BOT, "state", detail)
