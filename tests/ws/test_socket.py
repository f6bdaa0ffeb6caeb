"""The socket under good and bad input: it always answers, and no other call suffers."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.conf import settings

from bot.worker import Worker
from calls import tickets
from calls.models import Call, CallEvent
from fleet.chosen import fleet
from fleet.lease import WorkerLease
from signaling import consumer
from tests.page import Page
from tests.ws.conftest import call_in_state
from wire.bot import Attach, ToBot, ToPage
from wire.page import Offer

pytestmark = pytest.mark.ws

GARBAGE = [
    "",
    "not json",
    "[]",
    "null",
    "{}",
    '{"type":"shout"}',
    "[" * 100_000,
    '{"a":' * 100_000,
    "x" * 1_000_000,
    '{"type":"offer","sdp":"v=0","generation":0}',
]


async def test_a_socket_is_greeted_with_what_the_page_needs(page: Page) -> None:
    ready = await page.open()
    assert ready["type"] == "ready"
    assert ready["callId"] == str(tickets.read(page.ticket).call_id)
    assert ready["heartbeat"] == {"intervalS": 20, "livenessS": 40}


async def test_a_ping_is_answered_with_the_time_and_where_it_came_from(page: Page) -> None:
    await page.open()
    await page.say(type="ping", at=1234)
    pong = await page.hear()
    assert abs(pong.pop("now") / 1000 - time.time()) < 60
    assert pong == {"type": "pong", "at": 1234, "address": ""}


async def test_an_open_page_is_not_yet_a_call(page: Page) -> None:
    await page.open()
    assert await Call.objects.acount() == 0


@pytest.mark.parametrize("text", GARBAGE, ids=lambda text: text[:20] + f"-{len(text)}")
async def test_garbage_gets_one_error_and_the_call_still_works(page: Page, text: str) -> None:
    await page.open()
    await page.socket.send_input({"type": "websocket.receive", "text": text})
    error = await page.hear()
    assert error["type"] == "error"
    assert error["code"] in {"bad_message", "too_large"}
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
    assert (await page.hear())["type"] == "answer"


@pytest.mark.parametrize("later", [{"generation": 2}, {"generation": 1, "rejoin": True}])
async def test_an_offer_that_continues_a_call_opens_no_call(
    page: Page, later: dict[str, Any]
) -> None:
    """A page may restart ICE although its first offer was refused. That must not take a line."""
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="parot")
    assert (await page.hear())["code"] == "bad_message"
    await page.say(type="offer", sdp=await page.offer(), **later)
    assert (await page.hear())["code"] == "unknown_generation"
    assert await Call.objects.acount() == 0


async def test_binary_gets_one_error(page: Page) -> None:
    await page.open()
    await page.socket.send_to(bytes_data=b"\x00\x01")
    assert (await page.hear())["code"] == "bad_message"


async def test_a_socket_that_only_sends_garbage_is_closed(page: Page) -> None:
    await page.open()
    for _ in range(consumer.MAX_ERRORS):
        await page.socket.send_to(text_data="garbage")
    assert await page.closed() == consumer.CLOSE_TOO_MANY_ERRORS


@pytest.mark.parametrize("ticket", ["", "forged", "a:b:c"])
async def test_a_forged_ticket_is_refused_and_its_socket_closed(page: Page, ticket: str) -> None:
    page.ticket = ticket
    error = await page.open()
    assert error["code"] == "ticket_invalid"
    assert await page.closed() == consumer.CLOSE_TICKET


@pytest.fixture
def two_names(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["demo.example", "other.example"]


@pytest.mark.usefixtures("two_names")
async def test_a_page_of_another_origin_is_refused(page: Page) -> None:
    error = await page.open(host="demo.example", origin="https://demo.example:8443")
    assert error["code"] == "ticket_invalid"
    assert await page.closed() == consumer.CLOSE_TICKET


@pytest.mark.usefixtures("two_names")
async def test_our_own_page_is_let_in_under_any_of_our_names(page: Page) -> None:
    ready = await page.open(host="demo.example:8443", origin="https://demo.example:8443")
    assert ready["type"] == "ready"


async def test_an_old_ticket_opens_no_call(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "TICKET_LIFE_S", -1)
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1)
    error = await page.hear()
    assert (error["code"], error["retryable"]) == ("ticket_expired", True)


async def test_a_ticket_admits_one_call(make_page: Callable[..., Page]) -> None:
    first, second = make_page(), make_page()
    second.ticket = first.ticket
    await first.call()
    await second.open()
    await second.say(type="offer", sdp=await second.offer(), generation=1)
    assert (await second.hear())["code"] == "ticket_used"


@pytest.mark.parametrize("sdp", ["garbage", "v=0\r\n", "v=0\r\nm=audio x\r\n", "\x00" * 100])
async def test_a_garbage_offer_gets_one_error_and_no_call(page: Page, sdp: str) -> None:
    await page.open()
    await page.say(type="offer", sdp=sdp, generation=1)
    assert (await page.hear())["code"] == "bad_offer"
    assert (await call_in_state("failed")).reason == "bad_offer"


async def test_an_offer_without_audio_is_refused(page: Page) -> None:
    await page.open()
    sdp = (await page.offer()).replace("m=audio", "m=video")
    await page.say(type="offer", sdp=sdp, generation=1)
    error = await page.hear()
    assert (error["code"], error["message"]) == ("bad_offer", "no audio section")


async def test_a_garbage_offer_during_a_call_does_not_hurt_it(page: Page) -> None:
    await page.call()
    await page.hear_until("candidate")
    await page.say(type="offer", sdp="garbage", generation=2)
    assert (await page.hear())["code"] == "bad_offer"
    assert await page.pitch() == 700


async def test_a_candidate_of_an_unknown_generation_is_refused(page: Page) -> None:
    await page.open()
    await page.say(type="candidate", candidate=None, generation=7)
    assert (await page.hear())["code"] == "unknown_generation"


async def test_a_wrong_candidate_during_a_call_is_refused(page: Page) -> None:
    await page.call()
    await page.hear_until("candidate")
    await page.say(type="candidate", candidate=None, generation=7)
    assert (await page.hear())["code"] == "unknown_generation"
    await page.say(type="candidate", candidate={"candidate": "garbage"}, generation=1)
    assert (await page.hear())["code"] == "bad_message"
    assert await page.pitch() == 700


@pytest.mark.parametrize(
    "address", ["192.0.2.1 70000", "192.0.2.1 0", "fe80::1%eth0 5000", "example.com 5000"]
)
async def test_a_candidate_that_is_no_address_hurts_nobody(page: Page, address: str) -> None:
    await page.call()
    await page.hear_until("candidate")
    line = f"candidate:1 1 udp 1 {address} typ host"
    await page.say(type="candidate", candidate={"candidate": line}, generation=1)
    assert (await page.hear())["code"] == "bad_message"
    assert await page.pitch() == 700


async def test_a_host_name_among_the_candidates_of_an_offer_is_ignored(page: Page) -> None:
    await page.open()
    named = "a=candidate:9 1 udp 1 example.com 5000 typ host\r\na=mid:0\r\n"
    sdp = (await page.offer()).replace("a=mid:0\r\n", named, 1)
    await page.say(type="offer", sdp=sdp, generation=1, voice="echo")
    await page.accept(await page.hear_until("answer"))
    assert await page.pitch() == 700


async def test_a_page_that_could_not_connect_is_recorded_as_a_failure(page: Page) -> None:
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1)
    await page.hear_until("answer")
    await page.say(type="bye", reason="network_blocked")
    assert (await call_in_state("failed")).reason == "network_blocked"


async def test_a_goodbye_without_a_call_is_refused(page: Page) -> None:
    await page.open()
    await page.say(type="bye", reason="hangup")
    assert (await page.hear())["code"] == "no_call"


async def test_reports_sent_before_the_call_are_in_its_timeline(page: Page) -> None:
    await page.open()
    await page.say(type="report", events=[{"at": 0, "kind": "mic", "detail": {"ok": True}}])
    await page.say(type="offer", sdp=await page.offer(), generation=1)
    await page.hear_until("answer")
    call = await call_in_state("connecting", "connected")
    await page.say(type="bye")
    await page.hear_until("bye")
    event = await call.events.aget(kind="mic")
    assert (event.author, event.detail) == ("page", {"ok": True})


async def test_fresh_ice_servers_are_given_to_a_call_that_asks(page: Page) -> None:
    await page.open()
    await page.say(type="ice")
    assert (await page.hear())["code"] == "no_call"
    await page.say(type="offer", sdp=await page.offer(), generation=1)
    await page.hear_until("answer")
    await page.say(type="ice")
    message = await page.hear_until("ice")
    assert message["ttl"] == 1860
    assert message["iceServers"][0]["urls"] == settings.VOICEDEMO_STUN_URLS


async def test_resuming_the_call_of_the_same_socket_writes_nothing(page: Page) -> None:
    ready = await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1)
    await page.hear_until("answer")
    for _ in range(5):
        await page.say(type="resume", callId=ready["callId"], token=ready["token"])
        await page.hear_until("ready")
    assert await CallEvent.objects.filter(kind="socket-resumed").acount() == 0


async def test_an_offer_for_a_call_that_has_ended_hurts_no_other(page: Page, bot: Worker) -> None:
    """A resumed offer carries no voice, and it may arrive just after its call has ended."""
    layer = get_channel_layer()
    offer = Offer(sdp="v=0", generation=1)
    late = ToBot(call_id=uuid.uuid4(), reply_to="a-socket", message=offer)
    await layer.send(bot.inbox, late.event())
    async with asyncio.timeout(5):
        told = ToPage.model_validate(await layer.receive("a-socket"))
    assert json.loads(told.text)["code"] == "call_unknown"
    await page.call()
    assert await page.pitch() == 700


async def test_only_an_admitted_offer_opens_a_call(page: Page) -> None:
    """A resumed one has no voice, so that no bot takes it for an offer that was admitted, unless no
    worker has taken the call.
    """
    await fleet().renew(WorkerLease(channel="a-bot", capacity=1))
    call = await Call.objects.acreate(voice="echo", bot_channel="a-bot", is_taken=True)
    offer = {"sdp": "v=0", "generation": 1, "voice": "echo"}
    await page.open()
    token = tickets.token_for(call.id, "")
    await page.say(type="resume", callId=str(call.id), token=token, offer=offer)
    layer = get_channel_layer()
    attach, resumed = [ToBot.model_validate(await layer.receive("a-bot")).message for _ in range(2)]
    assert isinstance(attach, Attach)
    assert isinstance(resumed, Offer) and resumed.voice is None
