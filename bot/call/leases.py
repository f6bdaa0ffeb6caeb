"""Keeps the leases of a worker's calls, so that their rows count as live."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection

from django.db import Error

from calls import leases
from calls.database import DatabaseThreads

log = logging.getLogger("voicedemo.leases")

RETRY_S = 1.0
"""When to try again if the database failed."""


class Leases:
    """Renews the leases every ``RENEWED_EVERY_S``, and ends the calls of workers that have died.

    :param live: returns the ids of this worker's live calls.
    :param on_lost: called with the id of a call that another server has given up. Its line is
        taken, so it must end.
    """

    def __init__(
        self,
        threads: DatabaseThreads,
        live: Callable[[], Collection[uuid.UUID]],
        on_lost: Callable[[uuid.UUID], None],
    ) -> None:
        self._threads = threads
        self._live = live
        self._on_lost = on_lost
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                await self._renew()
                await asyncio.sleep(leases.RENEWED_EVERY_S)
            except Error as exc:
                log.warning("the calls' leases cannot be renewed yet: %s", exc)
                await asyncio.sleep(RETRY_S)
            except Exception:
                log.exception("the calls' leases could not be renewed")
                await asyncio.sleep(RETRY_S)

    async def _renew(self) -> None:
        """Renew our own first: after a sleep of this machine they may have run out."""
        for call_id in await self._threads.run(leases.renew, self._live()):
            self._on_lost(call_id)
        if abandoned := await self._threads.run(leases.end_abandoned):
            log.warning("calls that no server had any more: %d", abandoned)
