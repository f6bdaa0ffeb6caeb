"""Keeps the leases of a worker's calls, so that their rows count as live."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress

from django.db import Error

from calls import leases
from calls.database import DatabaseThreads

log = logging.getLogger("voicedemo.leases")

RETRY_S = 1.0
"""When to try again if the database failed."""
MAY_MISS = 2
"""A worker that has missed more renewals than this was cut off from the database, and the other
workers may have been too. They renew their leases before it ends the calls of those that are dead.
"""


class Leases:
    """Renews the leases every ``RENEWED_EVERY_S``, and ends the calls of workers that have died.

    :param worker: the channel of this worker.
    :param live: returns the ids of this worker's live calls.
    :param on_lost: called with the id of a call that another server has given up, or that another
        worker has. Its line is taken, so it must end here.
    """

    def __init__(
        self,
        threads: DatabaseThreads,
        worker: str,
        live: Callable[[], Collection[uuid.UUID]],
        on_lost: Callable[[uuid.UUID], None],
    ) -> None:
        self._threads = threads
        self._worker = worker
        self._live = live
        self._on_lost = on_lost
        self._hurry = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._renewed_at = self._loop.time()
        self._task = self._loop.create_task(self._run())

    def stop(self) -> None:
        self._task.cancel()

    async def take(self, call_id: uuid.UUID) -> bool:
        """Take a call that this worker was offered.

        :returns: False if another worker was offered it since, or if it is over.
        """
        try:
            return await self._threads.run(leases.take, call_id, self._worker)
        except Error as exc:
            # If another worker has the call, the next renewal of its lease says so.
            log.warning("call %s begins, though the database fails: %s", call_id, exc)
            return True

    def check_now(self) -> None:
        """Find out at once which calls others have. This worker may have been taken for dead."""
        self._hurry.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._renew()
                await self._rest()
            except Error as exc:
                log.warning("the calls' leases cannot be renewed yet: %s", exc)
                await asyncio.sleep(RETRY_S)
            except Exception:
                log.exception("the calls' leases could not be renewed")
                await asyncio.sleep(RETRY_S)

    async def _rest(self) -> None:
        """Wait until the leases are due, or are to be checked."""
        with suppress(TimeoutError):
            async with asyncio.timeout(leases.RENEWED_EVERY_S):
                await self._hurry.wait()
        self._hurry.clear()

    async def _renew(self) -> None:
        """Renew our own first: after a sleep of this machine they may have run out."""
        for call_id in await self._threads.run(leases.renew, self._live(), self._worker):
            self._on_lost(call_id)
        last, self._renewed_at = self._renewed_at, self._loop.time()
        if self._renewed_at - last > (1 + MAY_MISS) * leases.RENEWED_EVERY_S:
            return
        if abandoned := await self._threads.run(leases.end_abandoned):
            log.warning("calls that no server had any more: %d", abandoned)
