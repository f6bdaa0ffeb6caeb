"""What a worker says of its load, and whom it asks to move first."""

import asyncio
import time
from typing import Any

import pytest

from bot.membership import LoopLag
from bot.worker import MOVES_AT_ONCE, Worker
from wire.states import CallState

pytestmark = pytest.mark.unit


async def test_a_loop_that_is_blocked_is_noticed_once() -> None:
    lag = LoopLag()
    await asyncio.sleep(0.15)
    time.sleep(0.3)
    await asyncio.sleep(0.01)
    assert lag.worst() > 0.15
    assert lag.worst() == 0
    lag.stop()


class Call:
    """A call that moves in a pause, if it has one."""

    state = CallState.CONNECTED

    def __init__(self, *, is_in_pause: bool) -> None:
        self._is_in_pause = is_in_pause
        self.is_asked = False

    def ask_to_move(self, *, in_pause: bool) -> bool:
        self.is_asked = self._is_in_pause or not in_pause
        return self.is_asked


def test_calls_that_wait_for_a_pause_hold_up_no_others() -> None:
    nothing: Any = None
    worker = Worker(nothing, "bot.1", nothing, nothing)
    talking = [Call(is_in_pause=False) for _ in range(MOVES_AT_ONCE + 5)]
    quiet = [Call(is_in_pause=True) for _ in range(MOVES_AT_ONCE + 5)]
    calls: Any = dict(enumerate(talking + quiet))
    worker._calls = calls
    worker._ask_to_move(in_pause=True)
    assert [call.is_asked for call in quiet] == [True] * MOVES_AT_ONCE + [False] * 5
