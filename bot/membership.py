"""A worker's place among the workers."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from calls import metrics
from fleet.base import Fleet, FleetError
from fleet.lease import RENEWED_EVERY_S, WorkerLease

log = logging.getLogger("voicedemo.worker")

FULL_LAG_S = 0.1
"""A worker whose event loop is as late as this has no room for another call."""


class Membership:
    """Renews the lease of one worker, at once when it has taken a call and regularly otherwise.

    :param count: returns how many calls the worker has.
    :param on_lost: called when the lease had run out, as when this machine was asleep: other
        workers may have its calls.
    """

    def __init__(
        self,
        fleet: Fleet,
        channel: str,
        capacity: int,
        count: Callable[[], int],
        on_lost: Callable[[], None],
    ) -> None:
        self._fleet = fleet
        self._channel = channel
        self._capacity = capacity
        self._count = count
        self._on_lost = on_lost
        self._is_draining = False
        self._taken: list[uuid.UUID] = []
        self._changed = asyncio.Event()
        self._cpu = Cpu()
        self._lag = LoopLag()
        self._is_failing = False
        self._task: asyncio.Task[None]

    async def join(self) -> None:
        """Take calls from now on."""
        await self._renew()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def drain(self) -> None:
        """Take no more calls. Those that the worker has move to others."""
        self._is_draining = True
        self._changed.set()

    async def has_others(self) -> bool:
        """Whether another worker takes calls, as far as anybody knows."""
        try:
            roll = await self._fleet.roll()
        except FleetError:
            return False
        return any(channel != self._channel for channel in roll.taking_calls)

    async def leave(self) -> None:
        """Take no messages any more."""
        self._task.cancel()
        self._lag.stop()
        try:
            await self._fleet.withdraw(self._channel)
        except FleetError as exc:
            log.warning("the other processes find out by themselves that this one stops: %s", exc)

    def taken(self, call_id: uuid.UUID) -> None:
        """Say that the worker has this call now."""
        self._taken.append(call_id)
        self._changed.set()

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEWED_EVERY_S):
                    await self._changed.wait()
            await self._renew()

    async def _renew(self) -> None:
        taken, self._taken = self._taken, []
        lag_s = self._lag.worst()
        metrics.loop_lag(lag_s)
        lease = WorkerLease(
            channel=self._channel,
            capacity=self._capacity,
            calls=self._count(),
            busy=min(1.0, max(self._cpu.share(), lag_s / FULL_LAG_S)),
            is_draining=self._is_draining,
        )
        metrics.worker_load(lease.calls, lease.busy)
        try:
            in_time = await self._fleet.renew(lease, taken)
        except FleetError as exc:
            if not self._is_failing:
                log.warning("this worker gets no calls, but keeps those it has: %s", exc)
            self._is_failing = True
            await asyncio.sleep(RENEWED_EVERY_S)
            return
        self._is_failing = False
        if not in_time:
            self._on_lost()


class LoopLag:
    """How late the event loop of this process runs what is due."""

    LOOKED_AT_EVERY_S = 0.1

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._worst_s = 0.0
        self._look_later()

    def worst(self) -> float:
        """The longest delay since this was last asked, in seconds."""
        worst_s, self._worst_s = self._worst_s, 0.0
        return worst_s

    def stop(self) -> None:
        self._timer.cancel()

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(self.LOOKED_AT_EVERY_S, self._look)

    def _look(self) -> None:
        self._worst_s = max(self._worst_s, self._loop.time() - self._timer.when())
        self._look_later()


class Cpu:
    """The share of a core that this process uses."""

    MEASURED_S = 0.5
    """Shorter times say too little: a call that begins takes all of a core for a moment."""

    def __init__(self) -> None:
        self._used, self._at = time.process_time(), time.monotonic()
        self._share = 0.0

    def share(self) -> float:
        """The share since it was last measured, 0 to 1."""
        used, at = time.process_time(), time.monotonic()
        if at - self._at >= self.MEASURED_S:
            self._share = min(1.0, (used - self._used) / (at - self._at))
            self._used, self._at = used, at
        return self._share
