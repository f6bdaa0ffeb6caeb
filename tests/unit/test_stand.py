"""The screen, links and posters of a stand. A printed link always leads to a call."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import AsyncClient

from calls import labels, tickets
from calls.models import Call
from signaling import limits
from wire.states import CallState

pytestmark = [
    pytest.mark.unit,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("plain_static"),
]

HALL = "Web Summit, hall 4"


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    limits.requests.clear()
    cache.clear()


async def get(path: str, **headers: str) -> Any:
    return await AsyncClient().get(path, headers=headers)


async def test_a_scanned_code_leads_to_a_ticket_that_knows_the_stand() -> None:
    moved = await get(f"/s/{labels.sign(HALL)}/")
    assert moved.status_code == 302
    page = (await get(moved["Location"])).content.decode()
    (ticket,) = re.findall(r'name="ticket" content="(.+?)"', page)
    assert tickets.read(ticket).label == HALL
    query = moved["Location"].partition("?")[2]
    fresh = json.loads((await get(f"/api/ticket/?{query}")).content)["ticket"]
    assert tickets.read(fresh).label == HALL


async def test_a_visitor_who_runs_the_self_test_first_still_counts_for_the_stand() -> None:
    came = f"from={quote(labels.sign(HALL))}"
    page = (await get(f"/?{came}")).content.decode()
    assert f'href="/check/?{came}"' in page
    check = (await get(f"/check/?{came}")).content.decode()
    assert f'href="/?{came}"' in check
    (ticket,) = re.findall(r'name="ticket" content="(.+?)"', check)
    assert tickets.read(ticket).label == labels.SELF_TEST
    assert 'href="/"' in (await get("/check/?from=forged")).content.decode()


@pytest.mark.parametrize("token", ["", "forged:token/", "Hall%204/"])
async def test_a_forged_code_still_leads_to_the_page(token: str) -> None:
    moved = await get(f"/s/{token}")
    assert (moved.status_code, moved["Location"]) == (302, "/")


async def test_a_forged_label_is_not_recorded() -> None:
    ticket = json.loads((await get("/api/ticket/?from=forged")).content)["ticket"]
    assert tickets.read(ticket).label == ""


async def test_the_printed_code_follows_a_move(settings: Any) -> None:
    settings.VOICEDEMO_PUBLIC_URL = "https://new.example/"
    token = labels.sign(HALL)
    moved = await get(f"/s/{token}/")
    assert moved["Location"].startswith("https://new.example/?from=")
    settings.VOICEDEMO_PUBLIC_URL = "https://testserver/"
    assert (await get(f"/s/{token}/"))["Location"].startswith("/?from=")


async def test_the_screen_counts_the_calls_of_its_stand_alone() -> None:
    for source, state in (
        (HALL, CallState.CONNECTED),
        (HALL, CallState.ENDED),
        ("hall 5", CallState.CONNECTED),
    ):
        await Call.objects.acreate(label=source, state=state, voice="parrot", bot_channel="w")
    calls = json.loads((await get(f"/api/stand/{labels.sign(HALL)}/")).content)
    assert calls == {"live": 1, "lately": 2}


async def test_the_screen_shows_the_code_of_its_link() -> None:
    token = labels.sign(HALL)
    page = (await get(f"/stand/{token}/")).content.decode()
    assert f'data-live="/api/stand/{token}/"' in page
    assert "<svg" in page and " style=" not in page
    assert f'href="/?stand&amp;from={quote(token)}"' in page
    assert 'data-live="/api/stand/"' in (await get("/stand/forged/")).content.decode()


DAMAGED = {
    "en": "This link is damaged. Ask for a new one.",
    "de": "Dieser Link ist beschädigt. Bitten Sie um einen neuen.",
    "es": "Este enlace está dañado. Pide uno nuevo.",
    "fr": "Ce lien est endommagé. Demandez-en un autre.",
    "ja": "このリンクは壊れています。新しいリンクをもらってください。",
}


@pytest.mark.parametrize(("language", "told"), DAMAGED.items())
async def test_a_screen_with_a_damaged_label_says_so(language: str, told: str) -> None:
    token = labels.sign(HALL)
    tampered = await get(f"/stand/x{token}/", **{"Accept-Language": language})
    page = tampered.content.decode()
    assert tampered.status_code == 404
    assert f'<p id="damaged" role="alert">{told}' in page
    # A visitor who scans it can still call. The call counts for no stand.
    assert "<svg" in page and 'data-live="/api/stand/"' in page and token not in page
    whole = await get(f"/stand/{token}/")
    assert (whole.status_code, b'id="damaged"' in whole.content) == (200, False)
    nobodys = await get("/stand/")
    assert (nobodys.status_code, b'id="damaged"' in nobodys.content) == (200, False)


async def test_a_poster_with_a_damaged_label_leads_to_a_call_of_no_stand() -> None:
    moved = await get(f"/s/x{labels.sign(HALL)}/")
    assert (moved.status_code, moved["Location"]) == (302, "/")


def test_the_links_of_a_stand(
    settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.VOICEDEMO_PUBLIC_URL = "https://demo.example"
    poster = tmp_path / "poster.svg"
    call_command("standlink", HALL, poster=poster)
    told = capsys.readouterr().out
    assert f"https://demo.example/s/{labels.sign(HALL)}/" in told
    assert poster.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("label", ["", "x" * 61])
def test_an_empty_or_too_long_label_is_refused(label: str, settings: Any) -> None:
    settings.VOICEDEMO_PUBLIC_URL = "https://demo.example"
    with pytest.raises(CommandError, match="1 to 60"):
        call_command("standlink", label)


def test_a_poster_needs_a_public_address(settings: Any, tmp_path: Path) -> None:
    settings.VOICEDEMO_PUBLIC_URL = ""
    poster = tmp_path / "poster.svg"
    with pytest.raises(CommandError, match="VOICEDEMO_PUBLIC_URL"):
        call_command("standlink", HALL, poster=poster)
    assert not poster.exists()


@pytest.mark.parametrize(
    ("port", "screen"), [(8000, "screen  http://localhost:8000/stand/"), (0, "screen  /stand/")]
)
def test_a_screen_needs_no_public_address(
    settings: Any, capsys: pytest.CaptureFixture[str], port: int, screen: str
) -> None:
    settings.VOICEDEMO_PUBLIC_URL = ""
    settings.PORT = port
    call_command("standlink", HALL)
    told = capsys.readouterr().out
    assert f"{screen}{labels.sign(HALL)}/" in told
    assert "Before you print a poster, set VOICEDEMO_PUBLIC_URL" in told


def test_calls_are_counted_by_stand(capsys: pytest.CaptureFixture[str]) -> None:
    for source in (HALL, HALL, ""):
        Call.objects.create(label=source, voice="parrot", bot_channel="w")
    call_command("stands")
    assert capsys.readouterr().out.split("\n")[0].split() == [
        "2",
        "calls",
        "0.0",
        "min",
        *HALL.split(),
    ]


def test_a_poster_outlives_a_change_of_key(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    token = labels.sign(HALL)
    settings.SECRET_KEY = "another"
    assert labels.read(token) == HALL
    settings.SECRET_KEY_FALLBACKS = []
    assert labels.read(token) == ""


async def test_a_screen_that_asks_without_end_is_told_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits.screens, "_burst", 3)
    monkeypatch.setattr(limits.screens, "_per_second", 0.001)
    limits.screens.clear()
    path = f"/api/stand/{labels.sign(HALL)}/"
    answers = [(await get(path)).status_code for _ in range(5)]
    limits.screens.clear()
    assert answers == [200, 200, 200, 429, 429]
