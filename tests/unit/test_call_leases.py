"""A worker that renews its calls' leases, when the database has been away for long."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.db import OperationalError

from bot.call import leases as bot_leases
from bot.call.leases import Leases
from calls import leases
from calls.database import DatabaseThreads

pytestmark = pytest.mark.unit


class Threads:
    """Stands in for those of the database, which may be away."""

    def __init__(self) -> None:
        self.is_away = False
        self.failures = 0
        self.done: list[str] = []
        self.changed = asyncio.Event()

    async def run(self, function: Callable[..., object], *args: Any) -> object:
        self.changed.set()
        if self.is_away:
            self.failures += 1
            raise OperationalError("the database is away")
        self.done.append(function.__name__)
        return set() if function is leases.renew else 0

    async def wait_for(self, is_enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_enough():
                self.changed.clear()
                await self.changed.wait()


async def test_a_worker_that_could_not_renew_for_long_lets_the_others_renew_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY_S", 0.2)
    monkeypatch.setattr(bot_leases, "RETRY_S", 0.02)
    threads = Threads()
    renewing = Leases(cast(DatabaseThreads, threads), "bot.one", list, lambda call_id: None)
    await threads.wait_for(lambda: threads.done == ["renew", "end_abandoned"])
    threads.is_away = True
    await threads.wait_for(lambda: threads.failures > 40)
    threads.done.clear()
    threads.is_away = False
    await threads.wait_for(lambda: len(threads.done) >= 3)
    renewing.stop()
    assert threads.done == ["renew", "renew", "end_abandoned"]
