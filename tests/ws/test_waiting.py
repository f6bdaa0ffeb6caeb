"""A page that finds every line taken waits, is told its place, and is let in."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import AsyncClient

from bot.worker import Worker
from calls import labels, tickets, waiting
from calls.models import Waiting
from fleet.base import FleetError
from fleet.chosen import fleet
from fleet.lease import WorkerLease
from signaling import dispatch, waiting_room
from tests.page import Page

pytestmark = pytest.mark.ws

MakePage = Callable[..., Page]


@pytest.fixture(autouse=True)
def one_line(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VOICEDEMO_MAX_CALLS = 1
    monkeypatch.setattr(waiting_room, "LOOK_EVERY_S", 0.05)


async def wait(page: Page) -> int:
    """Open a socket, offer a call, and return the place that the page is told."""
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
    return (await page.hear_until("waiting"))["place"]


async def enter(page: Page) -> None:
    """Wait until there is a line, and make the call."""
    await page.hear_until("enter")
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
    await page.accept(await page.hear_until("answer"))


async def test_each_is_told_the_place_and_let_in_when_a_line_is_free(make_page: MakePage) -> None:
    first, second, third = make_page(), make_page(), make_page(frequency=900)
    await first.call()
    assert await wait(second) == 1
    assert await wait(third) == 2
    assert await first.pitch() == 700  # nobody hears the others come
    await first.say(type="bye")
    await enter(second)
    assert (await third.hear_until("waiting"))["place"] == 1
    await second.say(type="bye")
    await enter(third)
    assert await third.pitch() == 900
    assert not await Waiting.objects.aexists()


async def test_who_hangs_up_makes_room(make_page: MakePage) -> None:
    first, second, third = make_page(), make_page(), make_page()
    await first.call()
    assert await wait(second) == 1
    assert await wait(third) == 2
    await second.say(type="bye")
    assert (await third.hear_until("waiting"))["place"] == 1


async def test_the_next_socket_of_a_page_has_its_place(make_page: MakePage) -> None:
    first, second, third = make_page(), make_page(), make_page()
    await first.call()
    assert await wait(second) == 1
    await second.socket.disconnect()
    assert await wait(third) == 2
    await second.open()
    await second.say(type="wait")
    assert (await second.hear_until("waiting"))["place"] == 1
    await first.say(type="bye")
    await enter(second)


async def test_the_candidates_of_a_waiting_page_are_no_errors(make_page: MakePage) -> None:
    first, second = make_page(), make_page()
    await first.call()
    await wait(second)
    for _ in range(150):
        await second.say(type="candidate", candidate=None, generation=1)
    await second.say(type="ping", at=1)
    assert (await second.hear())["type"] == "pong"


async def test_who_is_let_in_and_does_not_come_is_passed_over(
    make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "ENTER_S", 0.1)
    first, second, third = make_page(), make_page(), make_page()
    await first.call()
    await wait(second)
    await wait(third)
    await first.say(type="bye")
    await second.hear_until("enter")
    await enter(third)


async def test_who_is_let_in_and_says_wait_again_is_passed_over_all_the_same(
    make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the same socket, or on the next one of its page."""
    monkeypatch.setattr(waiting, "ENTERS", timedelta(seconds=0.5))
    first, second, third = make_page(), make_page(), make_page()
    await first.call()
    await wait(second)
    await wait(third)
    await first.say(type="bye")
    await second.hear_until("enter")
    await second.say(type="wait")
    await second.socket.disconnect()
    await second.open()
    await second.say(type="wait")
    await enter(third)


async def test_a_waiting_page_that_takes_a_call_over_gives_its_place_back(
    make_page: MakePage,
) -> None:
    first, second = make_page(), make_page()
    ready = await first.open()
    await first.say(type="offer", sdp=await first.offer(), generation=1, voice="echo")
    await first.accept(await first.hear_until("answer"))
    await wait(second)
    await second.say(type="resume", callId=ready["callId"], token=ready["token"])
    await second.hear_until("ready")
    assert not await Waiting.objects.aexists()
    await second.socket.disconnect()
    assert not waiting_room.waiting_room._guests


async def test_when_every_worker_is_full_it_waits_for_one(make_page: MakePage, bot: Worker) -> None:
    await fleet().renew(WorkerLease(channel=bot.inbox, capacity=1, calls=1))
    page = make_page()
    assert await wait(page) == 1
    await fleet().renew(WorkerLease(channel=bot.inbox, capacity=1))
    await enter(page)


async def test_while_nobody_knows_the_workers_it_waits_for_one(
    make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is away."""

    class Away:
        async def reserve(self, *_: object) -> str:
            raise FleetError("Redis is away")

        roll = reserve

    page = make_page()
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "fleet", Away)
        assert await wait(page) == 1
    await enter(page)


async def test_a_self_test_waits_for_nothing(make_page: MakePage) -> None:
    first = make_page()
    await first.call()
    test = make_page(ticket=tickets.issue(labels.SELF_TEST))
    await test.open()
    await test.say(type="offer", sdp=await test.offer(), generation=1, voice="echo")
    assert (await test.hear())["code"] == "busy"


async def test_where_nobody_may_wait_it_says_busy(make_page: MakePage, settings: Any) -> None:
    settings.VOICEDEMO_MAX_WAITING = 0
    first, second = make_page(), make_page()
    await first.call()
    await second.open()
    await second.say(type="offer", sdp=await second.offer(), generation=1, voice="echo")
    error = await second.hear()
    assert (error["code"], error["retryable"]) == ("busy", True)


async def test_who_has_a_call_does_not_wait(make_page: MakePage) -> None:
    page = make_page()
    await page.call()
    await page.say(type="wait")
    assert (await page.hear_until("error"))["code"] == "bad_message"


async def test_the_metrics_count_those_who_wait(make_page: MakePage) -> None:
    first, second = make_page(), make_page()
    await first.call()
    await wait(second)
    assert "voicedemo_waiting 1.0" in (await AsyncClient().get("/metrics")).content.decode()
    await second.socket.disconnect()
    async with asyncio.timeout(5):
        while "voicedemo_waiting 0.0" not in (await AsyncClient().get("/metrics")).content.decode():
            await asyncio.sleep(0.02)
