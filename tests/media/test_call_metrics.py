"""What a call leaves in the metrics."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from bot.worker import Worker
from tests.page import Page
from tests.ws.conftest import call_in_state

pytestmark = pytest.mark.media


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"voicedemo_{name}", labels) or 0.0


async def test_a_call_is_counted_from_its_first_sound_to_its_end(page: Page) -> None:
    names = ("first_audio_seconds_count", "heartbeat_seconds_count")
    before = [figure(name) for name in names]
    udp, ended = figure("paths_total", way="udp"), hangups()
    await page.call()
    ping = await asyncio.wait_for(page.heartbeats.get(), 10)
    page.heartbeat.send(ping.replace("ping", "pong"))
    await page.pitch()
    await page.say(type="bye", reason="hangup")
    await call_in_state("ended")
    assert [figure(name) for name in names] == [count + 1 for count in before]
    assert figure("paths_total", way="udp") >= udp + 1
    async with asyncio.timeout(10):  # it is counted just after it is written
        while hangups() < ended + 1:
            await asyncio.sleep(0.01)


def hangups() -> float:
    return figure("calls_ended_total", outcome="ended", reason="hangup")


async def test_the_bot_knows_how_long_a_silence_was(page: Page) -> None:
    gaps, seconds = figure("gap_seconds_count"), figure("gap_seconds_sum")
    await page.call()
    sender = page.peer.getSenders()[0]
    track = sender.track
    sender.replaceTrack(None)
    assert (await page.hear_until("hears"))["media"] is False
    sender.replaceTrack(track)
    assert (await page.hear_until("hears"))["media"] is True
    assert figure("gap_seconds_count") == gaps + 1
    assert figure("gap_seconds_sum") - seconds >= 0.4  # SILENT_S


async def test_a_worker_tells_how_much_waits(bot: Worker) -> None:
    for queue in ("records", "messages"):
        assert REGISTRY.get_sample_value("voicedemo_queue_length", {"queue": queue}) == 0
