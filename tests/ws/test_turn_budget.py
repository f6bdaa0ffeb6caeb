"""How many TURN credentials the server gives away, and to whom."""

import asyncio
import json
import logging
from typing import Any

import pytest
from django.test import AsyncClient
from prometheus_client import REGISTRY

from calls import tickets
from calls.models import CallEvent
from signaling import limits
from signaling.ice import budget, counts, guard, issuing
from tests.page import Page

pytestmark = [pytest.mark.ws, pytest.mark.django_db(transaction=True)]

PHONES = 40
"""At a trade fair, behind one address."""


@pytest.fixture(autouse=True)
def coturn(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "shared", budget.Budget(counts.CountsInMemory()))
    settings.VOICEDEMO_COTURN_URLS = ["turn:turn.example:3478"]
    settings.VOICEDEMO_COTURN_SECRET = "north"
    settings.VOICEDEMO_PROXIES = 1


async def ask(ticket: str = "", address: str = "192.0.2.7") -> dict[str, Any]:
    """Ask for the ICE servers of a ticket, as a page that was just loaded."""
    limits.requests.clear()
    headers = {"X-Call-Ticket": ticket or tickets.issue(), "X-Forwarded-For": address}
    response = await AsyncClient().get("/api/ice/", headers=headers)
    assert response.status_code == 200
    return json.loads(response.content)


def credentials(answer: dict[str, Any]) -> list[str]:
    return [server["username"] for server in answer["iceServers"] if "username" in server]


def refused(limit: str) -> float:
    name = "voicedemo_turn_credentials_refused_total"
    return REGISTRY.get_sample_value(name, {"limit": limit}) or 0


async def test_one_network_gets_so_many_a_minute_and_others_are_served(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.VOICEDEMO_TURN_PER_NETWORK_DAY = 250
    before = refused("network_minute")
    answers = [await ask() for _ in range(60)]
    assert sum(bool(credentials(answer)) for answer in answers) == 10
    assert (answers[0]["limited"], answers[-1]["limited"]) == (False, True)
    assert answers[-1]["partial"] is True
    assert all(url.startswith("stun:") for s in answers[-1]["iceServers"] for url in s["urls"])
    assert credentials(await ask(address="198.51.100.7"))
    assert refused("network_minute") - before == 50
    alarms = [r for r in caplog.records if "TURN credentials" in r.getMessage()]
    assert [r.levelno for r in alarms] == [logging.WARNING]
    assert "192.0.2.7" not in caplog.text


async def test_all_networks_together_get_so_many_a_day(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VOICEDEMO_TURN_PER_DAY = 50
    monkeypatch.setattr(budget, "MINUTES_OF_A_DAY", 1)
    answers = [await ask(address=f"192.0.2.{number}") for number in range(60)]
    assert sum(bool(credentials(answer)) for answer in answers) == 50
    assert answers[-1]["limited"] is True


async def test_an_ipv6_prefix_of_48_bits_leaves_half_of_the_day_to_others(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It holds 256 prefixes of 56 bits, each of which is a network."""
    settings.VOICEDEMO_TURN_PER_DAY = 50
    monkeypatch.setattr(budget, "MINUTES_OF_A_DAY", 1)
    before = refused("site_minute")
    answers = [await ask(address=f"2001:db8:0:{number:02x}00::7") for number in range(60)]
    assert sum(bool(credentials(answer)) for answer in answers) == 25
    assert answers[-1]["limited"] is True
    assert refused("site_minute") - before == 35
    for other in ("2001:db8:1::7", "192.0.2.7"):
        assert credentials(await ask(address=other))
    alarms = [r for r in caplog.records if "TURN credentials" in r.getMessage()]
    assert [r.levelno for r in alarms] == [logging.WARNING]
    assert "2001:db8" not in caplog.text


async def test_forty_phones_at_a_fair_load_the_page_twice_in_a_minute() -> None:
    for _ in range(2 * PHONES):
        assert credentials(await ask())


async def test_one_ticket_gets_one_credential_however_often_it_asks(settings: Any) -> None:
    settings.VOICEDEMO_TURN_PER_NETWORK_DAY = 1
    ticket = tickets.issue()
    answers = [await ask(ticket) for _ in range(20)]
    assert len({name for answer in answers for name in credentials(answer)}) == 1
    assert not any(answer["limited"] for answer in answers)


async def test_a_page_that_has_not_called_gets_a_short_life(settings: Any) -> None:
    settings.VOICEDEMO_TURN_TTL_S = 86_400
    assert (await ask())["ttl"] <= 900


async def test_a_call_never_gets_credentials_that_outlast_it(page: Page, settings: Any) -> None:
    settings.VOICEDEMO_TURN_TTL_S = 86_400
    settings.VOICEDEMO_MAX_CALL_S = 600
    await page.call()
    await page.say(type="ice")
    message = await page.hear_until("ice")
    assert 600 <= message["ttl"] <= 660


async def test_a_call_in_a_network_that_has_had_its_share_connects_and_says_so(
    page: Page, settings: Any
) -> None:
    settings.VOICEDEMO_TURN_PER_NETWORK_DAY = 0
    await page.call()
    await page.say(type="ice")
    message = await page.hear_until("ice")
    assert message["limited"] is True
    assert not any("username" in server for server in message["iceServers"])
    async with asyncio.timeout(10):
        while (event := await CallEvent.objects.filter(kind="ice-partial").afirst()) is None:
            await asyncio.sleep(0.02)
    assert event.detail == {"without": "coturn (over budget)"}


async def test_what_a_call_asks_for_later_is_not_its_networks(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its first credentials count for the network, and they stay in use when it has none."""
    monkeypatch.setattr(guard, "REUSED_SHARE", 1)
    settings.VOICEDEMO_TURN_PER_NETWORK_DAY = 1
    first = await issuing.issue("a-call", "192.0.2.7", in_call=False)
    other = await issuing.issue("another", "192.0.2.7", in_call=True)
    again = await issuing.issue("a-call", "192.0.2.7", in_call=False)
    later = await issuing.issue("a-call", "192.0.2.7", in_call=True)
    assert [issued.message.limited for issued in (first, other, again, later)] == [
        False,
        True,
        True,
        False,
    ]
    assert again.message.ice_servers == first.message.ice_servers
    assert later.message.ttl > again.message.ttl
