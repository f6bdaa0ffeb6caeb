"""What a server does from time to time, beside its calls."""

import asyncio
import logging

from django.db import Error

from calls import retention
from calls.database import DatabaseThreads

log = logging.getLogger("voicedemo.upkeep")

EVERY_S = 3600.0
"""A network gets 3,600 tickets in that time, and 128 KiB of a page's text are kept for each call:
at most half a gigabyte."""


async def prune_hourly() -> None:
    """Delete what is old or too much, now and every hour, until cancelled."""
    threads = DatabaseThreads("upkeep", 1)
    while True:
        try:
            calls, tests = await threads.run(retention.prune)
            if calls or tests:
                log.info("deleted as too old: %d calls, %d self-tests", calls, tests)
        except Error as exc:
            log.warning("old calls could not be deleted: %s", exc)
        await asyncio.sleep(EVERY_S)
