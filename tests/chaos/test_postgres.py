"""PostgreSQL is away, or does not answer, for ten seconds."""

import asyncio
import math
from collections import Counter
from functools import partial

import pytest

from signaling.database import VIEW_THREADS

from .books import Books, eventually
from .callers import CALLERS, Callers
from .page import RefusedError
from .system import System

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

AWAY_S = 10.0
BACK_S = 15.0
LEAVE = 20
"""So many hang up while it is away."""


async def test_nobody_in_a_call_hears_that_postgresql_is_away(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call()
    began = loop_time()
    system.postgres.stop()
    await assert_not_ready(system)
    with pytest.raises(RefusedError) as refused:
        await callers.one()
    assert (refused.value.told["code"], refused.value.told["retryable"]) == ("internal", True)
    await callers.hang_up(LEAVE)
    await asyncio.sleep(began + AWAY_S - loop_time())
    system.postgres.start()
    callers.assert_nothing_lost()
    await callers.one()
    await assert_well(system, books, callers)


async def test_nobody_in_a_call_hears_that_postgresql_does_not_answer(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call()
    began = loop_time()
    system.postgres.freeze()
    await assert_not_ready(system)
    newcomer = asyncio.create_task(callers.one())
    await callers.hang_up(LEAVE)
    await asyncio.sleep(began + AWAY_S - loop_time())
    system.postgres.thaw()
    callers.assert_nothing_lost()
    await newcomer
    await assert_well(system, books, callers)


def loop_time() -> float:
    return asyncio.get_running_loop().time()


async def assert_not_ready(system: System) -> None:
    for web in system.webs:
        ready = await web.get("readyz")
        assert (ready.status_code, ready.text) == (503, "the database does not answer\n")
        assert math.isnan(await web.metric("voicedemo_calls_live"))


async def assert_well(system: System, books: Books, callers: Callers) -> None:
    """The database has what happened while it was away."""
    for web in system.webs:
        await eventually(partial(web.says, "readyz"), "ready\n", BACK_S)
    left = Counter({("connected", ""): CALLERS - LEAVE + 1}) + callers.ended
    await eventually(books.calls, left, BACK_S)
    await callers.assert_all_are_up()
    assert await callers.moved() == 0
    assert await callers.lost_sockets() == 0
    await callers.hang_up()
    await books.balance(callers.ended)
    lost = sum([await web.records_lost() for web in system.webs])
    assert await books.reports() + lost == callers.reports
    print(f"{lost} of {callers.reports} reports are lost")
    for process in system.processes:
        process.assert_unharmed()


async def test_requests_leave_no_connection_to_postgresql_open(
    system: System, books: Books
) -> None:
    before = await books.connections()
    for path in ("readyz", "metrics"):
        await asyncio.gather(*(system.webs[0].get(path) for _ in range(100)))
    assert await books.connections() <= before + VIEW_THREADS
