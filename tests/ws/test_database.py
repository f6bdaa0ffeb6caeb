"""A database that hangs or refuses holds up nobody who does not need it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.test import AsyncClient

from bot.worker import Worker
from calls import metrics, relay_costs, tickets, timeline, waiting
from calls.models import CallQuerySet
from signaling import admission, database, dispatch
from signaling.consumer import CLOSE_TRY_AGAIN
from tests.page import Page
from tests.ws.conftest import call_in_state
from wire.errors import ProtocolError

pytestmark = pytest.mark.ws


class Hang:
    """Stands in for a function of the database, and fails only when it may."""

    error: Exception = ProtocolError("network_busy", "at last")

    def __init__(self) -> None:
        self._called, self._released = threading.Event(), threading.Event()

    def __call__(self, *args: Any, **options: Any) -> None:
        self._called.set()
        self._released.wait(30)
        raise self.error

    async def called(self) -> None:
        assert await asyncio.to_thread(self._called.wait, 10)

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def hang() -> Iterator[Hang]:
    hang = Hang()
    yield hang
    hang.release()


async def test_a_ping_is_answered_while_the_database_hangs_for_another_page(
    make_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch, hang: Hang
) -> None:
    monkeypatch.setattr(admission, "admit", hang)
    held, other = make_page(), make_page()
    await held.open()
    await other.open()
    await held.say(type="offer", sdp=await held.offer(), generation=1)
    await hang.called()
    await other.say(type="ping", at=1)
    assert (await other.hear())["type"] == "pong"
    hang.release()
    assert (await held.hear())["code"] == "network_busy"


async def test_a_call_comes_up_while_the_bots_records_hang(
    page: Page, monkeypatch: pytest.MonkeyPatch, hang: Hang
) -> None:
    monkeypatch.setattr(timeline, "move", hang)
    await page.call()
    await hang.called()
    assert await page.pitch() == 700
    await page.say(type="ping", at=1)
    await page.hear_until("pong")
    hang.release()


async def test_what_a_page_says_to_its_bot_does_not_wait_for_its_reports(
    page: Page, monkeypatch: pytest.MonkeyPatch, hang: Hang
) -> None:
    await page.call()
    await call_in_state("connected")
    hang.error = OperationalError("at last")
    monkeypatch.setattr(timeline, "append_reported", hang)
    await page.say(type="report", events=[{"at": 0, "kind": "mic"}])
    await hang.called()
    await page.say(type="bye", reason="hangup")
    assert (await page.hear_until("bye"))["reason"] == "ended"
    hang.release()


async def test_records_beyond_those_that_may_wait_are_lost_and_counted(
    monkeypatch: pytest.MonkeyPatch, hang: Hang
) -> None:
    hang.error = OperationalError("at last")
    lost: list[str] = []
    monkeypatch.setattr(metrics, "records_lost", lost.append)
    monkeypatch.setattr(database, "MAX_WAITING", 1)
    waiting = asyncio.create_task(database.write_down(hang))
    await hang.called()
    await database.write_down(hang)
    assert lost == ["full"]
    hang.release()
    await waiting
    assert lost == ["full", "failed"]


def full(*args: Any, **options: Any) -> None:
    raise OperationalError("database or disk is full")


async def test_a_full_disk_ends_no_call(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    await page.call()
    await call_in_state("connected")
    monkeypatch.setattr(timeline, "append_reported", full)
    monkeypatch.setattr(relay_costs, "add_reported", full)
    await page.say(type="report", events=[{"at": 0, "kind": "mic"}])
    await page.say(type="relayed", url="turn:turn.example", protocol="udp", bytes=1, ms=1)
    await page.say(type="ping", at=1)
    await page.hear_until("pong")
    assert await page.pitch() == 700


async def test_an_offer_that_the_database_cannot_take_may_be_tried_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(admission, "admit", full)
        broken.setattr(waiting, "join", full)
        await page.open()
        await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
        error = await page.hear()
    assert (error["code"], error["retryable"]) == ("internal", True)
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
    await page.hear_until("answer")


async def test_a_resume_that_the_database_cannot_answer_is_tried_again_on_the_next_socket(
    make_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, again = make_page(), make_page()
    ready = await page.call()

    def fail(*args: Any) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as locked:
        locked.setattr(dispatch, "holder", fail)
        await again.open()
        await again.say(type="resume", callId=ready["callId"], token=ready["token"])
        assert await again.closed() == CLOSE_TRY_AGAIN
    await again.open()
    await again.say(type="resume", callId=ready["callId"], token=ready["token"])
    await again.hear_until("ready")
    assert await page.pitch() == 700


async def test_the_server_says_that_it_is_not_ready_while_the_database_fails(
    bot: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CallQuerySet, "count", full)
    client = AsyncClient()
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.content) == (503, b"the database does not answer\n")
    assert b"voicedemo_calls_live NaN" in (await client.get("/metrics")).content


async def test_a_page_is_told_that_the_database_cannot_tell_whether_its_ticket_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CallQuerySet, "exists", full)
    told = await AsyncClient().get("/api/ice/", headers={"X-Call-Ticket": tickets.issue()})
    assert (told.status_code, told.json()["error"]["code"]) == (503, "internal")
