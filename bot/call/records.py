"""The bot's records of its calls, written to the database in the background."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from calls import metrics, relay_costs, timeline
from calls.database import DatabaseThreads
from calls.models import CallEvent, RelayUse
from wire.states import LIVE, CallState

log = logging.getLogger("voicedemo.records")

MAX_WAITING = 1_000
"""Notes are dropped while so many writes wait."""
BATCH = 100
"""Writes in one transaction at most."""
NOTE_TRIES = 3
"""How often a database that fails is asked to take notes. Only changes of state are tried again
after that."""
PATIENCE_S = 60.0
"""A change of state is lost when the database has failed for so long. The call's lease then ends
it (:mod:`calls.leases`)."""
MAX_PAUSE_S = 3.0
STOP_S = 6.0
"""How long a worker that stops waits for its records: less than a server takes to stop."""
ONLY_CHANGES = frozenset({"hears", "heard", "ice-servers", "visibility"})
"""Notes of these kinds say what has changed. One that says the same as the last is left out."""


@dataclass(frozen=True)
class Write:
    """One change of the database.

    :param do: makes it, in a thread and in a transaction.
    :param is_essential: it changes a call's state. Anything else is a note, and may be lost.
    """

    do: Callable[[], object]
    is_essential: bool = False


class Recorder:
    """Writes in the background and in order, so that no call waits for the disk.

    :param worker: the channel of the worker whose calls these are. It moves no call that another
        worker has.

    :ivar threads: its one thread for the database.
    """

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self.threads = DatabaseThreads("records", 1)
        self._loop = asyncio.get_running_loop()
        self._writes: asyncio.Queue[Write] = asyncio.Queue()
        self._task = self._loop.create_task(self._run())

    def of(self, call_id: uuid.UUID) -> "CallRecord":
        return CallRecord(call_id, self._worker, self.put)

    def put(self, write: Write) -> None:
        """Write it later. A note is dropped if too much is waiting."""
        if write.is_essential or self._writes.qsize() < MAX_WAITING:
            self._writes.put_nowait(write)
        else:
            metrics.records_lost("full")

    @property
    def waiting(self) -> int:
        """How many writes wait."""
        return self._writes.qsize()

    async def stop(self) -> None:
        """Return when everything is written, or after ``STOP_S``."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._writes.join()
        except TimeoutError:
            log.warning("the database fails: the last records of the calls are lost")
        self._task.cancel()
        self.threads.close()

    async def _run(self) -> None:
        while True:
            batch = [await self._writes.get()]
            while len(batch) < BATCH and not self._writes.empty():
                batch.append(self._writes.get_nowait())
            await self._write(batch)
            for _ in batch:
                self._writes.task_done()

    async def _write(self, batch: list[Write]) -> None:
        """Write all of them, and try again while the database fails. One that is wrong is lost."""
        give_up_at = self._loop.time() + PATIENCE_S
        pause, tries = 0.1, 0
        while batch:
            try:
                await self.threads.run(_write_all, batch)
                return
            except (OperationalError, InterfaceError) as exc:
                tries += 1
                log.warning("%d records cannot be written yet: %s", len(batch), exc)
            except Exception:
                if len(batch) == 1:
                    log.exception("a call's record is wrong, and lost")
                    metrics.records_lost("failed")
                for write in batch if len(batch) > 1 else ():
                    await self._write([write])
                return
            if tries >= NOTE_TRIES:
                batch = _without(batch, lambda write: write.is_essential)
            if self._loop.time() > give_up_at:
                batch = _without(batch, lambda write: False)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_S)


class CallRecord:
    """Records of one call.

    :param worker: the channel of the worker that has it.
    :param put: is called with each write. It does them later, in order.
    """

    def __init__(self, call_id: uuid.UUID, worker: str, put: Callable[[Write], None]) -> None:
        self._call_id = call_id
        self._worker = worker
        self._put = put
        self._room = timeline.Room(timeline.MAX_OF_A_KIND)
        self._told_dropped = False
        self._last: dict[str, dict[str, Any]] = {}

    def note(self, kind: str, **detail: Any) -> None:
        """Add an event to the call's timeline."""
        if kind in ONLY_CHANGES:
            if self._last.get(kind) == detail:
                return
            self._last[kind] = detail
        if self._has_room(kind):
            self._append(kind, detail)

    def move(self, state: CallState, reason: str = "") -> None:
        """Move the call's row to ``state``, and note that in its timeline."""
        at = timezone.now()
        is_noted = state not in LIVE or self._has_room("state")
        call = (self._call_id, self._worker)
        self._put(Write(lambda: _move(call, state, reason, at, is_noted), True))

    def answered(self, ms: int) -> None:
        """Note how long the person waited for an answer."""
        metrics.answered(ms / 1000)
        self.note("turn", ms=ms)

    def path(self, generation: int, pair: dict[str, str]) -> None:
        """Note that packets go over another candidate pair.

        :param pair: its types and transport (:meth:`bot.ice.path.Path.describe`).
        """
        metrics.path_selected(_way(pair))
        self.note("path", generation=generation, **pair)

    def round_trip(self, ms: float) -> None:
        """Note how long a heartbeat took."""
        metrics.heartbeat(ms / 1000)
        self.note("heartbeat", rtt_ms=ms)

    def relayed(self, provider: str, protocol: str, count: int, ms: int) -> None:
        """Record that ``count`` bytes went through a TURN server within ``ms`` milliseconds."""
        side = RelayUse.Side.BOT
        self._put(
            Write(lambda: relay_costs.add(self._call_id, side, provider, protocol, count, ms))
        )

    def _has_room(self, kind: str) -> bool:
        """Take the room of one event. The first that finds none is mentioned in the timeline."""
        if self._room.take(kind):
            return True
        metrics.records_lost("capped")
        if not self._told_dropped:
            self._told_dropped = True
            self._append(timeline.DROPPED, {})
        return False

    def _append(self, kind: str, detail: dict[str, Any]) -> None:
        at, author = timezone.now(), CallEvent.Author.BOT
        self._put(Write(lambda: timeline.append(self._call_id, author, kind, detail, at)))


def _move(
    call: tuple[uuid.UUID, str], state: CallState, reason: str, at: datetime, is_noted: bool
) -> None:
    call_id, worker = call
    if not timeline.move(call_id, worker, state, reason, at):
        return
    if state not in LIVE:
        transaction.on_commit(lambda: metrics.call_ended(state, reason))
    if is_noted:
        detail = {"state": state.value, "reason": reason}
        timeline.append(call_id, CallEvent.Author.BOT, "state", detail, at)


def _way(pair: dict[str, str]) -> Literal["udp", "tcp", "relay"]:
    if "relay" in (pair.get("local"), pair.get("remote")):
        return "relay"
    return "tcp" if pair.get("transport") == "tcp" else "udp"


def _write_all(batch: Iterable[Write]) -> None:
    with transaction.atomic():
        for write in batch:
            write.do()


def _without(batch: list[Write], is_kept: Callable[[Write], bool]) -> list[Write]:
    """Return the writes that are kept. The others are lost."""
    kept = [write for write in batch if is_kept(write)]
    if len(kept) < len(batch):
        metrics.records_lost("failed", len(batch) - len(kept))
    return kept
