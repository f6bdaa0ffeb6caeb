import asyncio
import time

import pytest

from bot.call import silence
from bot.call.silence import SilenceDetector

pytestmark = pytest.mark.unit


class Wire:
    """What a call hears, and what it is told about that."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.last_heard = self.loop.time()
        self.told: asyncio.Queue[bool] = asyncio.Queue()

    def hears(self) -> None:
        self.last_heard = self.loop.time()

    async def next(self) -> bool:
        return await asyncio.wait_for(self.told.get(), 5)


async def test_silence_is_told_once_and_so_is_its_end() -> None:
    wire = Wire()
    detector = SilenceDetector(lambda: wire.last_heard, wire.told.put_nowait)
    assert await wire.next() is False
    wire.hears()
    assert await wire.next() is True
    assert wire.told.empty()
    detector.stop()


async def test_a_loop_that_was_held_up_has_heard_no_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(silence, "SILENT_S", 0.1)
    wire = Wire()
    detector = SilenceDetector(lambda: wire.last_heard, wire.told.put_nowait)
    time.sleep(0.5)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    wire.hears()  # what waited in the socket meanwhile
    detector.stop()
    assert wire.told.empty()


async def test_once_stopped_it_tells_nothing() -> None:
    wire = Wire()
    SilenceDetector(lambda: wire.last_heard, wire.told.put_nowait).stop()
    await asyncio.sleep(0.6)
    assert wire.told.empty()
