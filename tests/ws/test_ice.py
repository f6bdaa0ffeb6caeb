"""Who gets ICE servers, and how often."""

import asyncio
import json
import logging
from typing import Any

import pytest
from django.test import AsyncClient

from calls import tickets
from calls.models import Call, CallEvent
from signaling import limits
from signaling.ice import registry
from tests.page import Page

pytestmark = [pytest.mark.ws, pytest.mark.django_db(transaction=True)]

SECRET = "north-by-northwest"


@pytest.fixture(autouse=True)
def coturn(settings: Any) -> None:
    limits.requests.clear()
    settings.VOICEDEMO_COTURN_URLS = ["turn:turn.example:3478", "turns:turn.example:443"]
    settings.VOICEDEMO_COTURN_SECRET = SECRET


async def ask(ticket: str) -> tuple[int, dict[str, Any]]:
    limits.requests.clear()
    response = await AsyncClient().get("/api/ice/", headers={"X-Call-Ticket": ticket})
    assert "no-store" in response["Cache-Control"]
    return response.status_code, json.loads(response.content)


async def test_a_fresh_ticket_gets_credentials_of_its_call() -> None:
    ticket = tickets.issue()
    status, body = await ask(ticket)
    assert status == 200
    turn = body["iceServers"][-1]
    assert turn["username"].endswith(f":{tickets.read(ticket).call_id}")
    assert 800 < body["ttl"] <= 900
    assert body["partial"] is False


async def test_a_thousand_requests_without_a_good_ticket_give_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used, old = tickets.issue(), tickets.issue()
    await Call.objects.acreate(id=tickets.read(used).call_id, voice="echo", bot_channel="w")
    bad = {"": "ticket_invalid", used + "x": "ticket_invalid", used: "ticket_used"}
    for number in range(750):
        ticket = list(bad)[number % 3]
        status, body = await ask(ticket)
        assert status == 401
        assert body["error"]["code"] == bad[ticket]
        assert "iceServers" not in body
    monkeypatch.setattr(tickets, "_is_fresh", lambda ticket: False)
    for _ in range(250):
        status, body = await ask(old)
        assert (status, body["error"]["code"]) == (401, "ticket_expired")


async def test_a_burst_from_one_address_is_limited() -> None:
    limits.requests.clear()
    client = AsyncClient()
    statuses = [(await client.get("/api/ticket/")).status_code for _ in range(80)]
    assert statuses[0] == 200
    last = await client.get("/api/ticket/")
    assert last.status_code == 429
    assert int(last["Retry-After"]) >= 1


async def test_a_household_is_one_client_whatever_addresses_it_takes(settings: Any) -> None:
    settings.VOICEDEMO_PROXIES = 1
    limits.requests.clear()
    client = AsyncClient()
    statuses = [
        (
            await client.get("/api/ticket/", headers={"X-Forwarded-For": f"2001:db8::{n:x}"})
        ).status_code
        for n in range(80)
    ]
    assert statuses[-1] == 429


async def test_no_secret_is_written_anywhere(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}
    client = AsyncClient()
    page = await client.get("/")
    status, body = await ask(tickets.issue())
    metrics = await client.get("/metrics")
    credential = body["iceServers"][-1]["credential"]
    assert status == 200
    for secret in (SECRET, credential):
        for text in (page.content.decode(), metrics.content.decode(), caplog.text):
            assert secret not in text


async def test_a_provider_that_gave_nothing_is_in_the_calls_timeline(
    page: Page, settings: Any
) -> None:
    settings.VOICEDEMO_XIRSYS_CHANNEL = "c"
    settings.VOICEDEMO_XIRSYS_IDENT = "i"
    settings.VOICEDEMO_XIRSYS_SECRET = SECRET
    settings.VOICEDEMO_TURN_REGION = ["metered:europe", "xirsys:no-such-gateway"]
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
    assert (await page.hear())["type"] == "answer"
    async with asyncio.timeout(10):
        while (event := await CallEvent.objects.filter(kind="ice-partial").afirst()) is None:
            await asyncio.sleep(0.02)
    assert event.detail == {"without": "xirsys"}


def test_a_region_is_for_the_provider_that_it_names(settings: Any) -> None:
    settings.VOICEDEMO_TURN_REGION = ["metered:europe", "asia"]
    assert [registry.region_for(name) for name in ("metered", "xirsys")] == ["europe", "asia"]
