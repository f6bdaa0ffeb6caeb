"""What somebody can do with a ticket that is not theirs, and with many sockets."""

from collections.abc import AsyncIterator, Callable

import pytest

from bot.worker import Worker
from calls import tickets
from signaling import consumer, sockets
from signaling.consumer import CLOSE_TOO_MANY_ERRORS
from signaling.shared import redis as shared_redis
from signaling.shared.redis import StoreInRedis
from tests.page import Page
from tests.redis import PATIENT_S, Redis
from wire.constants import CLOSE_IDLE

pytestmark = [pytest.mark.ws, pytest.mark.django_db(transaction=True)]

MakePage = Callable[..., Page]


@pytest.fixture
async def start_process(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[], None]]:
    """Makes the sockets that open from now on those of another process."""
    stores: list[StoreInRedis] = []
    processes: list[sockets.OpenSockets] = []
    monkeypatch.setattr(sockets, "store", lambda: stores[-1])
    monkeypatch.setattr(shared_redis, "ANSWER_S", PATIENT_S)

    def start() -> None:
        stores.append(StoreInRedis(redis.url))
        processes.append(sockets.OpenSockets())
        monkeypatch.setattr(sockets, "open_sockets", processes[-1])

    yield start
    for process in processes:
        if process._shared and process._shared._telling:
            process._shared._telling.cancel()
    for store in stores:
        await store.close()


async def test_who_has_the_ticket_alone_cannot_take_the_call_over(
    make_page: MakePage, bot: Worker
) -> None:
    page, thief = make_page(frequency=700), make_page()
    thief.ticket = page.ticket
    ready = await page.call()
    stolen = await thief.open()
    assert stolen["callId"] == ready["callId"]
    await thief.say(type="resume", callId=stolen["callId"], token=stolen["token"])
    assert (await thief.hear_until("error"))["code"] == "call_unknown"
    assert await page.pitch() == 700


async def test_the_pages_next_socket_takes_the_call_over_and_so_does_the_one_after(
    make_page: MakePage, bot: Worker
) -> None:
    page = make_page()
    ready = await page.call()
    for _ in range(2):
        again = make_page()
        again.ticket = page.ticket
        await again.open()
        await again.say(type="resume", callId=ready["callId"], token=ready["token"])
        assert (await again.hear_until("ready"))["token"] == ready["token"]


async def test_a_ticket_may_be_in_the_address_for_clients_of_before(page: Page) -> None:
    page.path = f"/ws/call/?ticket={page.ticket}"
    assert (await page.open())["type"] == "ready"


async def test_a_ticket_has_few_sockets(make_page: MakePage) -> None:
    ticket = tickets.issue()
    pages = []
    for _ in range(sockets.BY_TICKET + 1):
        pages.append(page := make_page())
        page.ticket = ticket
        await page.open()
    assert await pages[0].closed() == sockets.CLOSE_REPLACED
    await pages[1].say(type="ping", at=1)
    assert (await pages[1].hear())["type"] == "pong"


async def test_the_socket_of_a_call_is_not_the_one_that_makes_room(
    make_page: MakePage, bot: Worker
) -> None:
    caller = make_page(frequency=700)
    await caller.call()
    for _ in range(2 * sockets.BY_TICKET):
        other = make_page()
        other.ticket = caller.ticket
        await other.open()
    await caller.say(type="ping", at=1)
    assert (await caller.hear_until("pong"))["at"] == 1


async def test_a_ticket_has_few_sockets_in_all_processes_and_the_one_of_its_call_stays(
    make_page: MakePage, bot: Worker, start_process: Callable[[], None]
) -> None:
    async def open_one() -> Page:
        page = make_page()
        page.ticket = caller.ticket
        await page.open()
        return page

    start_process()
    caller = make_page()
    await caller.call()
    idle = await open_one()
    start_process()
    for _ in range(sockets.BY_TICKET):
        latest = await open_one()
    assert await idle.closed() == sockets.CLOSE_REPLACED
    for page in (caller, latest):
        await page.say(type="ping", at=1)
        assert (await page.hear_until("pong"))["at"] == 1


async def test_a_network_has_so_many_sockets(
    make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "BY_NETWORK", 2)
    pages = [make_page() for _ in range(3)]
    assert [(await page.open())["type"] for page in pages] == ["ready", "ready", "error"]
    assert await pages[2].closed() == sockets.CLOSE_FULL
    await pages[0].socket.disconnect()
    assert (await make_page().open())["type"] == "ready"


async def test_a_flood_of_messages_ends_its_socket(page: Page) -> None:
    await page.open()
    for at in range(200):
        await page.say(type="ping", at=at)
    assert await page.closed() == CLOSE_TOO_MANY_ERRORS


async def test_what_comes_before_the_call_is_bounded_in_bytes_too(page: Page) -> None:
    await page.open()
    event = {"at": 0, "kind": "note", "detail": {"text": "x" * 200}}
    report = {"type": "report", "events": [event] * 50}
    for _ in range(8):
        await page.say(**report)
    assert (await page.hear())["code"] == "no_call"


async def test_a_socket_without_a_call_is_closed_after_a_while_and_one_with_a_call_is_not(
    make_page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "IDLE_S", 0.2)
    idle, talking = make_page(), make_page()
    await talking.call()
    await idle.open()
    assert await idle.closed() == CLOSE_IDLE
    await talking.say(type="ping", at=1)
    assert (await talking.hear_until("pong"))["at"] == 1
    assert await talking.pitch() == 700
