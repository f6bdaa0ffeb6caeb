"""Keeps what this worker knows of its calls where another worker finds it."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Protocol

from fleet.base import FleetError, Snapshots
from wire.snapshots import MAX_BYTES, CallSnapshot

log = logging.getLogger("voicedemo.snapshots")

KEPT_EVERY_S = 1.0
"""A voice that goes on elsewhere has forgotten so much at most."""


class Kept(Protocol):
    """A call, as far as its snapshot goes."""

    @property
    def call_id(self) -> uuid.UUID: ...

    def snapshot(self) -> CallSnapshot:
        """What another worker needs to go on with the call."""
        ...


class KeptCalls:
    """The snapshots of a worker's calls, taken again and again.

    :param calls: returns the calls that are live.
    """

    def __init__(self, store: Snapshots, calls: Callable[[], Iterable[Kept]]) -> None:
        self._store = store
        self._calls = calls
        self._kept: dict[uuid.UUID, bytes] = {}
        self._too_big: set[uuid.UUID] = set()
        self._is_failing = False
        # A worker that stops keeps its calls now and then, beside what it does every second.
        self._keeping = asyncio.Lock()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Forget the calls, which have ended."""
        self._task.cancel()
        await self.keep()
        await self._store.close()

    async def keep(self) -> None:
        """Keep what has changed, and forget the calls that have ended."""
        async with self._keeping:
            await self._keep()

    async def _keep(self) -> None:
        now = {call.call_id: self._packed(call) for call in self._calls()}
        changed = {one: data for one, data in now.items() if self._kept.get(one) != data}
        ended = self._kept.keys() - now.keys()
        try:
            if now:
                gone = await self._store.keep(changed, now.keys() - changed.keys())
                self._kept |= changed
                for call_id in gone:
                    del self._kept[call_id]
            if ended:
                await self._store.forget(ended)
                for call_id in ended:
                    del self._kept[call_id]
                self._too_big -= ended
        except FleetError as exc:
            if not self._is_failing:
                log.warning("no call could go on elsewhere with what its bot knows: %s", exc)
            self._is_failing = True
        else:
            self._is_failing = False

    async def recall(self, call_id: uuid.UUID) -> CallSnapshot:
        """Return what the call's last worker knew, or nothing if nobody can tell."""
        try:
            found = await self._store.take(call_id)
        except FleetError as exc:
            log.warning("call %s begins anew, as its snapshot is out of reach: %s", call_id, exc)
            return CallSnapshot()
        self._kept[call_id] = found
        return CallSnapshot.unpack(found)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(KEPT_EVERY_S)
            try:
                await self.keep()
            except Exception:
                log.exception("the snapshots of the calls could not be taken")

    def _packed(self, call: Kept) -> bytes:
        data = call.snapshot().pack()
        if len(data) <= MAX_BYTES:
            return data
        if call.call_id not in self._too_big:
            self._too_big.add(call.call_id)
            log.warning("call %s: its snapshot of %d bytes is too big", call.call_id, len(data))
        return b""
