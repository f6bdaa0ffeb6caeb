import asyncio
from contextlib import suppress

import pytest

from fleet.cancellation import cancellable

pytestmark = pytest.mark.unit


async def test_a_cancellation_that_the_client_of_redis_loses_ends_the_task() -> None:
    asked = asyncio.Event()

    async def loses_it() -> int:
        asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return 1

    task = asyncio.create_task(cancellable(loses_it()))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_was_cancelled_before_may_still_ask() -> None:
    """As it does to say goodbye."""

    async def answer() -> int:
        return 1

    async def says_goodbye() -> int:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return await cancellable(answer())

    task = asyncio.create_task(says_goodbye())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == 1
