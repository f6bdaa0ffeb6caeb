"""Redis is away, or does not answer, for ten seconds."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from .books import Books, eventually
from .callers import CALLERS, Callers
from .system import System

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

AWAY_S = 10.0
BACK_S = 15.0


async def test_nobody_in_a_call_hears_that_redis_is_away(
    system: System, books: Books, callers: Callers
) -> None:
    await away(system, books, callers, system.redis.stop, system.redis.start)


async def test_nobody_in_a_call_hears_that_redis_does_not_answer(
    system: System, books: Books, callers: Callers
) -> None:
    await away(system, books, callers, system.redis.freeze, system.redis.thaw)


async def away(
    system: System,
    books: Books,
    callers: Callers,
    begin: Callable[[], None],
    end: Callable[[], None],
) -> None:
    await callers.call()
    began = asyncio.get_running_loop().time()
    begin()
    for web in system.webs:
        ready = await web.get("readyz")
        assert (ready.status_code, ready.text) == (503, "Redis is away\n")
    newcomer = asyncio.create_task(callers.one())
    await asyncio.sleep(began + AWAY_S - asyncio.get_running_loop().time())
    assert not newcomer.done()
    end()
    callers.assert_nothing_lost()
    for web in system.webs:
        await eventually(partial(web.says, "readyz"), "ready\n", BACK_S)
    await eventually(callers.have_sockets, True, BACK_S)
    print(f"{await callers.lost_sockets()} sockets lost")
    assert (await newcomer).page.places[0] == 1  # and it has entered by itself
    await callers.assert_all_are_up()
    assert await callers.moved() == 0
    assert (await books.calls_by_worker()).total() == CALLERS + 1
    await callers.hang_up()
    await books.balance(callers.ended)
    for process in system.processes:
        process.assert_unharmed()
