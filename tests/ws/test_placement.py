"""A call that is given to a worker that is slow to take it, or never does."""

import asyncio
import queue
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import OperationalError

from bot.config import BotConfig
from bot.worker import Worker
from calls import leases
from calls.models import Call
from fleet.chosen import fleet
from fleet.lease import WorkerLease
from signaling import dispatch, placement
from signaling.watch import watch
from tests.page import Page
from tests.ws.conftest import Dead, call_in_state, having
from wire.bot import ToBot
from wire.page import Offer

pytestmark = pytest.mark.ws

SLOW = "bot.slow.0"
"""The channel of a worker that is up, and reads nothing."""


class Left(NamedTuple):
    """A call whose worker is gone.

    :param page: has a new peer connection for it, and an offer of that. It heard `move`.
    :param offer: as the page's next socket sends it with its `resume`.
    :param alive: the worker that is left.
    """

    call: Call
    page: Page
    claim: dict[str, Any]
    offer: dict[str, Any]
    dead: Worker
    alive: Worker

    async def resume(self) -> None:
        """Open the page's next socket, which takes the call over."""
        await self.page.open()
        await self.page.say(type="resume", **self.claim, offer=self.offer)

    async def goes_on(self) -> None:
        """The page gets an answer, and hears the bot; the worker that is left has the call."""
        await self.page.accept(await self.page.hear_until("answer"))
        assert await self.page.pitch() == 700
        await self.call.arefresh_from_db()
        assert self.call.bot_channel == self.alive.inbox


@pytest_asyncio.fixture
async def left(make_page: Callable[..., Page], bot: Worker, other: Worker) -> Left:
    page, moved = make_page(), make_page()
    ready = await page.call()
    call = await call_in_state("connected")
    dead, alive = await having(call, bot, other)
    await Dead(dead)()
    await watch.look()
    await page.hear_until("move")
    await fleet().renew(WorkerLease(channel=SLOW, capacity=50))
    moved.socket = page.socket
    claim = {"callId": ready["callId"], "token": ready["token"]}
    offer = {"sdp": await moved.offer(), "generation": 1, "rejoin": True}
    return Left(call, moved, claim, offer, dead, alive)


@pytest.fixture
def reserved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The channels of the workers that calls get, in this order."""
    channels: list[str] = []

    async def reserve(*asked: Any) -> str | None:
        return channels.pop(0) if channels else None

    monkeypatch.setattr(dispatch, "reserve", reserve)
    return channels


async def asked(channel: str) -> ToBot:
    """The next offer that opens a call at this worker."""
    async with asyncio.timeout(5):
        while True:
            envelope = ToBot.model_validate(await get_channel_layer().receive(channel))
            if isinstance(envelope.message, Offer) and envelope.message.voice:
                return envelope


async def test_the_pages_next_socket_goes_on_asking_for_a_worker(
    left: Left, reserved: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that gave the call to a worker is gone before the worker has taken it."""
    monkeypatch.setattr(placement, "TAKEN_S", 60)
    reserved += [SLOW, left.alive.inbox]
    await left.page.say(type="offer", **left.offer)
    await asked(SLOW)
    await left.page.socket.disconnect()
    monkeypatch.setattr(placement, "TAKEN_S", 0.05)
    await left.resume()
    await asked(SLOW)
    await left.goes_on()


async def test_a_socket_that_is_faster_than_the_offer_of_another_opens_the_call(
    left: Left,
) -> None:
    """Another process has given the call to a worker, and its offer is on its way there."""
    await sync_to_async(dispatch.give)(left.call.id, left.dead.inbox, left.alive.inbox)
    await left.resume()
    await left.goes_on()
    offer = Offer(sdp=left.offer["sdp"], generation=1, rejoin=True, voice="echo")
    late = ToBot(call_id=left.call.id, reply_to="a-socket", message=offer)
    await get_channel_layer().send(left.alive.inbox, late.event())
    await left.page.hear_until("answer")
    assert await left.page.pitch() == 700


async def test_a_socket_follows_a_call_that_another_one_gave_away(
    left: Left, reserved: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page opens its next socket while the last one still looks for a worker."""
    await sync_to_async(dispatch.give)(left.call.id, left.dead.inbox, SLOW)
    monkeypatch.setattr(placement, "TAKEN_S", 0.05)
    await left.resume()
    await asked(SLOW)
    await sync_to_async(dispatch.give_untaken)(left.call.id, SLOW, left.alive.inbox)
    await left.goes_on()


async def test_a_worker_that_is_too_slow_to_take_a_call_opens_none(
    left: Left, reserved: list[str], bot_config: BotConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one was asked, and has the call."""
    monkeypatch.setattr(placement, "TAKEN_S", 0.05)
    reserved += [SLOW, left.alive.inbox]
    await left.page.say(type="offer", **left.offer)
    await left.goes_on()
    tried: queue.Queue[bool] = queue.Queue()
    take = leases.take

    def taken(call_id: uuid.UUID, worker: str) -> bool:
        is_taken = take(call_id, worker)
        tried.put(is_taken)
        return is_taken

    monkeypatch.setattr(leases, "take", taken)
    slow = Worker(get_channel_layer(), SLOW, bot_config, fleet())
    await slow.start()  # it reads what was sent to it
    assert not await asyncio.to_thread(tried.get, timeout=5)
    assert await left.page.pitch() == 700
    assert not slow._calls
    await slow.stop()
    await left.call.arefresh_from_db()
    assert (left.call.state, left.call.bot_channel) == ("connected", left.alive.inbox)


async def test_a_page_leaves_a_worker_that_is_gone_before_it_took_the_call(
    left: Left, reserved: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other worker was there to be asked, until now."""
    monkeypatch.setattr(placement, "TAKEN_S", 0.01)
    monkeypatch.setattr(placement, "MAX_TRIES", 1)
    reserved += [SLOW]
    await left.page.say(type="offer", **left.offer)
    await asked(SLOW)
    await fleet().withdraw(SLOW)
    async with asyncio.timeout(5):
        while left.page.socket.output_queue.empty():
            await watch.look()
            await asyncio.sleep(0.01)
    await left.page.hear_until("move")
    reserved += [left.alive.inbox]
    await left.page.say(type="offer", **left.offer)
    await left.goes_on()


async def test_a_restart_of_a_call_that_no_worker_has_taken_moves_it(left: Left) -> None:
    """It is of a peer connection that only the call's last worker knew."""
    await sync_to_async(dispatch.give)(left.call.id, left.dead.inbox, left.alive.inbox)
    await left.page.open()
    restart = {"sdp": left.offer["sdp"], "generation": 2}
    await left.page.say(type="resume", **left.claim, offer=restart)
    await left.page.hear_until("move")
    await left.page.say(type="offer", **left.offer)
    await left.goes_on()


async def test_a_call_begins_though_the_database_fails_when_it_is_taken(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> bool:
        raise OperationalError("database is locked")

    monkeypatch.setattr(leases, "take", fail)
    await page.call()
    assert await page.pitch() == 700
