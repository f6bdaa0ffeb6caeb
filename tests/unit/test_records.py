"""The bot's records, when the database is slow, locked or full, and when there are too many."""

import asyncio
import threading
import uuid
from typing import Any

import pytest
from django.db import OperationalError
from prometheus_client import REGISTRY

from bot.call import records
from bot.call.records import Recorder
from calls import timeline
from calls.models import Call, CallEvent
from wire.states import CallState

pytestmark = [pytest.mark.unit, pytest.mark.django_db(transaction=True)]


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder("a-bot")


@pytest.fixture
def call() -> Call:
    return Call.objects.create(voice="echo", bot_channel="a-bot")


class Locked:
    """Makes a function of the timeline fail as SQLite does, until it is unlocked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.is_locked = True
        self.tried = threading.Semaphore(0)
        self._real = getattr(timeline, name)
        monkeypatch.setattr(timeline, name, self)

    def __call__(self, *args: Any) -> Any:
        self.tried.release()
        if self.is_locked:
            raise OperationalError("database is locked")
        return self._real(*args)


def lost(why: str) -> float:
    return REGISTRY.get_sample_value("voicedemo_records_lost_total", {"why": why}) or 0.0


async def test_the_end_of_a_call_is_written_when_the_database_is_back(
    recorder: Recorder, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Locked(monkeypatch, "move")
    record = recorder.of(call.id)
    record.move(CallState.CONNECTED)
    record.move(CallState.ENDED, "hangup")
    for _ in range(records.NOTE_TRIES + 1):
        assert await asyncio.to_thread(database.tried.acquire, timeout=10)
    database.is_locked = False
    await recorder.stop()
    await call.arefresh_from_db()
    assert (call.state, call.reason) == (CallState.ENDED, "hangup")
    told = [event.detail["state"] async for event in call.events.filter(kind="state")]
    assert told == ["connected", "ended"]


def ended(outcome: str, reason: str) -> float:
    labels = {"outcome": outcome, "reason": reason}
    return REGISTRY.get_sample_value("voicedemo_calls_ended_total", labels) or 0.0


async def test_an_end_counts_once_when_it_is_written(
    recorder: Recorder, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ended("failed", "call_lost")
    database = Locked(monkeypatch, "append")  # fails after the row was changed
    recorder.of(call.id).move(CallState.FAILED, "call_lost")
    for _ in range(2):
        assert await asyncio.to_thread(database.tried.acquire, timeout=10)
    assert ended("failed", "call_lost") == before
    database.is_locked = False
    await recorder.stop()
    assert ended("failed", "call_lost") == before + 1


async def test_a_call_that_has_moved_is_not_over_where_it_was(recorder: Recorder) -> None:
    before = ended("failed", "call_lost")
    moved = await Call.objects.acreate(voice="echo", bot_channel="another-bot")
    recorder.of(moved.id).move(CallState.FAILED, "call_lost")
    await recorder.stop()
    assert ended("failed", "call_lost") == before


async def test_a_page_cannot_make_reasons_up(recorder: Recorder, call: Call) -> None:
    before = ended("ended", "other")
    recorder.of(call.id).move(CallState.ENDED, "my_own_words")
    await recorder.stop()
    assert ended("ended", "my_own_words") == 0
    assert ended("ended", "other") == before + 1


@pytest.mark.parametrize(
    ("pair", "way"),
    [
        ({"local": "host", "remote": "srflx", "transport": "udp"}, "udp"),
        ({"local": "host", "remote": "prflx", "transport": "tcp"}, "tcp"),
        ({"local": "relay", "remote": "host", "transport": "udp"}, "relay"),
        ({"local": "host", "remote": "relay", "transport": "udp"}, "relay"),
    ],
)
async def test_a_path_counts_by_its_way(
    recorder: Recorder, call: Call, pair: dict[str, str], way: str
) -> None:
    def paths() -> float:
        return REGISTRY.get_sample_value("voicedemo_paths_total", {"way": way}) or 0.0

    before = paths()
    recorder.of(call.id).path(1, pair)
    await recorder.stop()
    assert paths() == before + 1


async def test_notes_are_lost_before_changes_of_state_and_are_counted(
    recorder: Recorder, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lost("failed")
    Locked(monkeypatch, "append")
    recorder.of(call.id).note("path")
    async with asyncio.timeout(10):
        while lost("failed") < before + 1:
            await asyncio.sleep(0.02)
    await recorder.stop()


async def test_a_worker_can_stop_while_the_database_fails(
    recorder: Recorder, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "STOP_S", 0.05)
    Locked(monkeypatch, "move")
    recorder.of(call.id).move(CallState.CONNECTED)
    async with asyncio.timeout(10):
        await recorder.stop()


async def test_a_record_that_is_wrong_takes_no_other_with_it(
    recorder: Recorder, call: Call
) -> None:
    recorder.of(uuid.uuid4()).note("path")
    recorder.of(call.id).move(CallState.CONNECTED)
    await recorder.stop()
    await call.arefresh_from_db()
    assert call.state == CallState.CONNECTED


async def test_a_flood_of_notes_fills_no_memory_and_loses_no_change_of_state(
    recorder: Recorder, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_WAITING", 5)
    before = lost("full")
    record = recorder.of(call.id)
    for _ in range(20):
        record.note("path")
    record.move(CallState.CONNECTED)
    await recorder.stop()
    await call.arefresh_from_db()
    assert (call.state, lost("full") - before) == (CallState.CONNECTED, 15)


async def test_what_waits_for_the_database_has_a_length(recorder: Recorder, call: Call) -> None:
    for _ in range(3):
        recorder.of(call.id).note("path")
    assert recorder.waiting == 3
    await recorder.stop()
    assert recorder.waiting == 0


async def test_a_page_that_says_the_same_again_makes_one_row(
    recorder: Recorder, call: Call
) -> None:
    record = recorder.of(call.id)
    for media in (True, True, False, False, True):
        record.note("heard", media=media)
    await recorder.stop()
    told = [event.detail["media"] async for event in call.events.all()]
    assert told == [True, False, True]


async def test_a_page_that_goes_to_and_fro_fills_no_disk(
    recorder: Recorder, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MAX_OF_A_KIND", 10)
    record = recorder.of(call.id)
    for number in range(100):
        record.note("visibility", hidden=bool(number % 2))
        record.move(CallState.RECOVERING)
    record.move(CallState.ENDED, "hangup")
    await recorder.stop()
    kinds = [event.kind async for event in CallEvent.objects.filter(call=call)]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "visibility": 10,
        "state": 11,
        "events-dropped": 1,
    }
