import asyncio
import time

import pytest

from bot.call import silence
from bot.call.silence import SilenceDetector

pytestmark = pytest.mark.unit


class Wire:
    """The time of the last packet, and the reports of the detector."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.last_heard = self.loop.time()
        self.reports: asyncio.Queue[bool] = asyncio.Queue()

    def hears(self) -> None:
        self.last_heard = self.loop.time()

    async def next(self) -> bool:
        return await asyncio.wait_for(self.reports.get(), 5)


async def test_a_silence_is_reported_once_and_so_is_its_end() -> None:
    wire = Wire()
    detector = SilenceDetector(lambda: wire.last_heard, wire.reports.put_nowait)
    assert await wire.next() is False
    wire.hears()
    assert await wire.next() is True
    assert wire.reports.empty()
    detector.stop()


async def test_a_busy_event_loop_is_not_taken_for_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(silence, "SILENT_S", 0.1)
    wire = Wire()
    detector = SilenceDetector(lambda: wire.last_heard, wire.reports.put_nowait)
    time.sleep(0.5)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    wire.hears()  # a packet that was waiting in the socket
    detector.stop()
    assert wire.reports.empty()


async def test_a_stopped_detector_reports_nothing() -> None:
    wire = Wire()
    SilenceDetector(lambda: wire.last_heard, wire.reports.put_nowait).stop()
    await asyncio.sleep(0.6)
    assert wire.reports.empty()
