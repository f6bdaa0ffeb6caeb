"""A bot worker is killed, frozen, or stands still for a moment."""

import asyncio
import signal

import pytest

from .books import Books, eventually
from .callers import CALLERS, Callers
from .system import System, Worker

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

MOVED_S = 20.0
STILL_S = 2.0


async def test_calls_go_on_when_their_worker_is_killed(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call()
    killed = system.workers[0]
    has = (await books.calls_by_worker())[killed.channel]
    killed.kill()
    await assert_moved(has, killed, books, callers)
    await callers.hang_up()
    await books.balance(callers.ended)


async def test_calls_leave_a_frozen_worker_which_then_disturbs_nobody(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call()
    frozen = system.workers[0]
    has = (await books.calls_by_worker())[frozen.channel]
    frozen.signal(signal.SIGSTOP)
    await assert_moved(has, frozen, books, callers)
    frozen.signal(signal.SIGCONT)
    callers.clear()
    await eventually(lambda: books.calls_of_lease(frozen.channel), 0, MOVED_S)
    callers.assert_nothing_lost()
    assert (await books.calls_by_worker()).total() == CALLERS
    await callers.hang_up()
    await books.balance(callers.ended)


async def test_calls_stay_with_a_worker_that_stands_still_for_two_seconds(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call()
    still = system.workers[0]
    before = await books.calls_by_worker()
    still.signal(signal.SIGSTOP)
    await asyncio.sleep(STILL_S)
    still.signal(signal.SIGCONT)
    await eventually(lambda: books.calls_of_lease(still.channel), before[still.channel], MOVED_S)
    await callers.assert_all_are_up()
    assert await callers.moved() == 0
    assert await books.calls_by_worker() == before
    await callers.hang_up()
    await books.balance(callers.ended)
    for process in system.processes:
        process.assert_unharmed()


async def assert_moved(has: int, left: Worker, books: Books, callers: Callers) -> None:
    """Wait until the calls of a worker are elsewhere, and all calls are up."""
    assert has > 0
    await eventually(callers.moved, has, MOVED_S)
    count = len(callers.up)
    print(f"{has} of {count} calls moved, and heard nothing for {callers.longest_gap_s():.2f} s")
    by_worker = await books.calls_by_worker()
    assert (by_worker[left.channel], by_worker.total()) == (0, count)
    await callers.assert_all_are_up()
