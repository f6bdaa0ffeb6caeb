"""What a server does from time to time, beside its calls."""

import asyncio
import logging

from django.db import Error

from calls import retention
from calls.database import DatabaseThreads

log = logging.getLogger("voicedemo.upkeep")

EVERY_S = 3600.0
"""Often enough that what strangers write between two times is no more than some gigabytes."""


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
