"""Cancellations that the client of Redis loses."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def cancellable(answer: Awaitable[T]) -> T:
    """Await what uses :func:`asyncio.wait_for`, and end if the task was cancelled meanwhile.

    In Python 3.11 that function returns what has just been done, and forgets that its task was
    cancelled (python/cpython#86296). A loop would go on, and whoever waits for its end waits for
    ever.
    """
    task = asyncio.current_task()
    assert task
    before = task.cancelling()
    found = await answer
    if task.cancelling() > before:
        raise asyncio.CancelledError
    return found
