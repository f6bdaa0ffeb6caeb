"""What the bot finds out about candidates and TURN servers, for the page and for the timeline."""

from pathlib import Path
from typing import Any

import pytest

from bot.call.dead_relays import DeadRelays
from bot.ice.turn import TurnServer
from calls.models import CallEvent
from tests.media.turnserver import turnserver
from tests.page import Page
from tests.ports import HERE, free_port
from tests.ws.conftest import call_in_state

pytestmark = [pytest.mark.media, pytest.mark.django_db(transaction=True)]

SECRET = "north"


def servers(*urls: str) -> list[TurnServer]:
    return [TurnServer.parse(url, "user", "word") for url in urls]


def test_a_protocol_is_dead_once_all_of_its_servers_failed() -> None:
    first, second, third = "turn:a", "turn:b", "turns:c"
    relays = DeadRelays(servers(first, second, third))
    assert relays.protocols == []
    assert not relays.fail(first)
    assert relays.fail(third)
    assert relays.protocols == ["tls"]
    assert not relays.fail(third), "it is known already"
    assert not relays.fail("stun:d"), "it is no TURN server"
    assert relays.fail(second)
    assert relays.protocols == ["tls", "udp"]


async def call_with(page: Page, settings: Any, *urls: str) -> None:
    settings.VOICEDEMO_COTURN_URLS = list(urls)
    settings.VOICEDEMO_COTURN_SECRET = SECRET
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1)


async def test_the_page_is_told_and_the_timeline_has_the_server(page: Page, settings: Any) -> None:
    url = f"turn:{HERE}:{free_port()}?transport=tcp"
    await call_with(page, settings, url)
    assert (await page.hear_until("dead-relays"))["protocols"] == ["tcp"]
    await page.say(type="bye", reason="relay_down")
    call = await call_in_state("failed")
    assert call.reason == "relay_down"
    failure = await CallEvent.objects.aget(call=call, author="bot", kind="candidate-error")
    assert failure.detail == {"url": url, "code": 701, "text": "connection refused"}
    gathered = await CallEvent.objects.aget(call=call, kind="gathered")
    assert gathered.detail == {"generation": 1, "turn_servers": 1, "relays": 0, "dead": "tcp"}


async def test_a_server_that_answers_over_another_protocol_is_not_dead_there(
    page: Page, settings: Any, tmp_path: Path
) -> None:
    auth = ("--use-auth-secret", f"--static-auth-secret={SECRET}")
    async with turnserver(tmp_path, "--no-tls", *auth) as port:
        urls = (f"turn:{HERE}:{port}?transport=udp", f"turns:{HERE}:{port}?transport=tcp")
        await call_with(page, settings, *urls)
        assert (await page.hear_until("dead-relays"))["protocols"] == ["tls"]
        await page.say(type="bye", reason="hangup")
        await call_in_state("ended")


async def test_the_timeline_has_offer_servers_and_candidates_without_addresses(
    page: Page, settings: Any, tmp_path: Path
) -> None:
    auth = ("--use-auth-secret", f"--static-auth-secret={SECRET}")
    async with turnserver(tmp_path, "--no-tls", *auth) as port:
        await call_with(page, settings, f"turn:{HERE}:{port}?transport=udp")
        line = f"candidate:1 1 udp 2130706431 {HERE} 5000 typ host"
        await page.say(type="candidate", candidate={"candidate": line}, generation=1)
        while "typ relay" not in str(await page.hear_until("candidate")):
            pass
        await page.say(type="bye", reason="hangup")
        call = await call_in_state("ended")
    events = {event.kind: event.detail async for event in call.events.exclude(kind="candidate")}
    assert events["ice-servers"] == {"turn": "udp", "providers": "coturn"}
    assert events["offer"]["generation"] == 1
    assert events["offer"]["offer_chars"] > 500 and events["offer"]["answer_chars"] > 500
    found = [event.detail async for event in call.events.filter(kind="candidate")]
    common = {"generation": 1, "protocol": "udp"}
    assert {"side": "page", "type": "host", **common} in found
    assert {"side": "bot", "type": "relay", **common} in found


async def test_the_timeline_has_the_nomination_and_the_path(page: Page) -> None:
    await page.open()
    await page.call()
    call = await call_in_state("connected")
    await page.say(type="bye", reason="hangup")
    await call_in_state("ended")
    pairs = [event.detail async for event in call.events.filter(kind__in=("nominated", "path"))]
    assert len(pairs) >= 2
    for pair in pairs:
        assert (pair["generation"], pair["local"], pair["transport"]) == (1, "host", "udp")
        assert pair["remote"] in ("host", "prflx")
