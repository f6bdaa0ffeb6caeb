"""Several workers: who gets a call, and who gets it when its worker is gone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import get_channel_layer

from bot.call.snapshots import KeptCalls
from bot.config import BotConfig
from bot.worker import Worker
from calls.models import Call
from fleet.chosen import fleet
from fleet.lease import WorkerLease
from fleet.redis_snapshots import SnapshotsInRedis
from signaling import consumer, placement
from signaling.watch import watch
from tests.page import Page, Person
from tests.redis import Redis
from tests.ws.conftest import Dead, call_in_state, having
from wire.errors import ProtocolError
from wire.states import CallState

pytestmark = pytest.mark.ws


async def move(page: Page, make_page: Callable[..., Page]) -> Page:
    """Answer `move` as a page does: another peer connection, over the same socket."""
    await watch.look()
    await page.hear_until("move")
    moved = make_page()
    moved.socket = page.socket
    await moved.say(type="offer", sdp=await moved.offer(), generation=1, rejoin=True)
    await moved.accept(await moved.hear_until("answer"))
    return moved


async def test_a_call_goes_on_with_another_worker_when_its_own_is_gone(
    make_page: Callable[..., Page], bot: Worker, other: Worker
) -> None:
    page = make_page()
    await page.call()
    call = await call_in_state("connected")
    dead, alive = await having(call, bot, other)
    await Dead(dead)()
    moved = await move(page, make_page)
    assert await moved.pitch() == 700
    await call.arefresh_from_db()
    assert (call.state, call.bot_channel) == (CallState.CONNECTED, alive.inbox)
    assert await Call.objects.acount() == 1


async def test_a_worker_that_wakes_up_reaches_no_page_of_a_call_that_has_moved(
    make_page: Callable[..., Page], bot: Worker, other: Worker
) -> None:
    page = make_page()
    await page.call()
    call = await call_in_state("connected")
    dead, _ = await having(call, bot, other)
    await Dead(dead)()
    moved = await move(page, make_page)
    await dead._calls[call.id].close("call_lost")
    await moved.say(type="ping", at=1)
    while (message := await moved.hear())["type"] != "pong":
        assert message["type"] != "bye"
    assert await moved.pitch() == 700
    await call.arefresh_from_db()
    assert call.state == CallState.CONNECTED


@pytest.fixture
async def pair(
    bot: Worker, other: Worker, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> tuple[Worker, Worker]:
    """Two workers that keep for each other what they know."""
    for worker in (bot, other):
        store = SnapshotsInRedis(redis.url, worker.inbox)
        monkeypatch.setattr(worker, "_kept", KeptCalls(store, worker._going_on))
    return bot, other


async def test_the_parrot_still_knows_what_it_was_told_when_its_worker_is_gone(
    make_page: Callable[..., Page], pair: tuple[Worker, Worker]
) -> None:
    person = Person(700)
    page = make_page(microphone=person)
    await page.call("parrot")
    while (await page.hear_until("says"))["text"]:
        pass
    call = await call_in_state("connected")
    dead, _ = await having(call, *pair)
    person.speaks = True
    voice: Any = dead._calls[call.id]._connection._stream._voice  # type: ignore[union-attr]
    while voice._speech < 50:
        await asyncio.sleep(0.02)
    await dead._kept.keep()  # type: ignore[union-attr]
    await Dead(dead)()
    moved = await move(page, lambda: make_page(microphone=Person(700)))
    assert await moved.pitch() == 700


async def test_a_restart_that_nobody_can_answer_moves_the_call(
    make_page: Callable[..., Page], bot: Worker, other: Worker
) -> None:
    """A page notices the silence first, and offers an ICE restart over a new socket."""
    page = make_page()
    ready = await page.call()
    call = await call_in_state("connected")
    dead, _ = await having(call, bot, other)
    await Dead(dead)()
    await page.open()
    restart = {"sdp": await page.offer(), "generation": 2}
    await page.say(type="resume", callId=ready["callId"], token=ready["token"], offer=restart)
    moved = await move(page, make_page)
    assert await moved.pitch() == 700


async def test_two_sockets_that_move_one_call_meet_at_the_same_worker(
    make_page: Callable[..., Page], bot: Worker, other: Worker
) -> None:
    """A page replaces its socket while it moves, and offers on both."""
    page, second = make_page(), make_page()
    ready = await page.call()
    call = await call_in_state("connected")
    dead, alive = await having(call, bot, other)
    await second.open()
    await second.say(type="resume", callId=ready["callId"], token=ready["token"])
    await second.hear_until("ready")
    await Dead(dead)()
    moved = await move(page, make_page)
    await second.say(type="offer", sdp=await moved.offer(), generation=1, rejoin=True)
    await second.say(type="ping", at=1)
    told = []
    while (message := await second.hear())["type"] != "pong":
        told.append(message)
    assert not [message for message in told if message["type"] == "error"]
    assert await moved.pitch() == 700
    await call.arefresh_from_db()
    assert call.bot_channel == alive.inbox


async def test_a_worker_that_stops_lets_its_calls_move_first(
    make_page: Callable[..., Page], bot: Worker, other: Worker
) -> None:
    page = make_page()
    await page.call()
    call = await call_in_state("connected")
    stopping, alive = await having(call, bot, other)
    draining = asyncio.create_task(stopping.drain(limit_s=20))
    moved = await move(page, make_page)
    assert await page.pitch() == 700  # the old one plays until the page leaves it
    await page.peer.close()
    await draining
    assert await moved.pitch() == 700
    await call.arefresh_from_db()
    assert (call.state, call.bot_channel) == (CallState.CONNECTED, alive.inbox)


async def test_a_worker_that_stops_alone_keeps_its_calls_to_the_end(
    page: Page, bot: Worker
) -> None:
    await page.call()
    await bot.drain(limit_s=0.5)
    assert page.socket.output_queue.empty() or (await page.hear())["type"] != "move"
    assert await page.pitch() == 700
    await bot.stop()
    assert (await page.hear_until("bye"))["reason"] == "server_stopping"


async def test_a_page_is_told_once(page: Page, bot: Worker, other: Worker) -> None:
    await page.call()
    call = await call_in_state("connected")
    dead, _ = await having(call, bot, other)
    await Dead(dead)()
    for _ in range(3):
        await watch.look()
    await page.say(type="ping", at=1)
    told = []
    while (message := await page.hear())["type"] != "pong":
        told.append(message["type"])
    assert told.count("move") == 1


async def test_a_call_that_a_worker_does_not_take_goes_to_the_next(
    page: Page, bot: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "TAKEN_S", 0.1)
    await fleet().renew(WorkerLease(channel="bot.deaf.0", capacity=10_000))
    busy = WorkerLease(channel=bot.inbox, capacity=50, calls=10)
    await fleet().renew(busy)
    await page.call()
    assert await page.pitch() == 700
    assert (await call_in_state("connected")).bot_channel == bot.inbox


async def test_a_call_that_finds_no_other_worker_moves_when_there_is_one(
    make_page: Callable[..., Page],
    bot: Worker,
    bot_config: BotConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer, "MOVE_AGAIN_S", 0.05)
    refused = asyncio.Event()
    move_later = consumer.CallConsumer._move_later

    def refuse(socket: consumer.CallConsumer, exc: ProtocolError) -> None:
        move_later(socket, exc)
        refused.set()

    monkeypatch.setattr(consumer.CallConsumer, "_move_later", refuse)
    page = make_page()
    await page.call()
    await Dead(bot)()
    await watch.look()
    await page.hear_until("move")
    await page.say(type="offer", sdp=await page.offer(), generation=1, rejoin=True)
    await refused.wait()
    next_one = Worker(get_channel_layer(), "bot.next.0", bot_config, fleet())
    await next_one.start()
    async with asyncio.timeout(5):
        while page.socket.output_queue.empty():
            await watch.look()
            await asyncio.sleep(0.02)
    moved = await move(page, make_page)
    assert await moved.pitch() == 700
    await next_one.stop()


async def test_a_worker_that_reads_nothing_any_more_is_left(
    page: Page, bot: Worker, other: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await page.call()
    call = await call_in_state("connected")
    deaf, _ = await having(call, bot, other)

    async def fail(event: object) -> None:
        raise asyncio.InvalidStateError

    monkeypatch.setattr(deaf._layer, "receive", fail)
    await page.say(type="hears", media=True)  # wakes both
    async with asyncio.timeout(5):
        while deaf.inbox in {lease.channel for lease in (await fleet().roll()).up}:
            await asyncio.sleep(0.02)
