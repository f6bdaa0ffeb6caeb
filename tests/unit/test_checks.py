"""Wrong settings are reported at the start."""

from pathlib import Path
from typing import Any

import pytest

from voicedemo import checks

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "url",
    [
        "turn:turn.example.com",
        "turn:turn.example.com:3478?transport=udp",
        "turns:198.51.100.7:443?transport=tcp",
        "turn:[2001:db8::7]:3478",
    ],
)
def test_a_correct_turn_url_is_accepted(settings: Any, url: str) -> None:
    settings.VOICEDEMO_TURN_URLS = [url]
    assert checks.ice_urls(None) == []


@pytest.mark.parametrize(
    "url",
    [
        "stun:turn.example.com",
        "turn.example.com:3478",
        "turn:",
        "turn:turn.example.com:99999",
        "turn:turn.example.com:port",
        "turn://turn.example.com",
        "turn:turn.example.com?transport=sctp",
    ],
)
def test_a_wrong_turn_url_is_named(settings: Any, url: str) -> None:
    settings.VOICEDEMO_TURN_URLS = [url]
    (problem,) = checks.ice_urls(None)
    assert url in problem.msg


def test_stun_has_no_transport(settings: Any) -> None:
    settings.VOICEDEMO_STUN_URLS = ["stun:a.example", "stun:a.example?transport=udp"]
    (problem,) = checks.ice_urls(None)
    assert "transport" in problem.msg


def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEDEMO_COLOUR", "#123456")
    monkeypatch.setenv("VOICEDEMO_LOG_LEVEL", "INFO")
    (problem,) = checks.unknown_names(None)
    assert "VOICEDEMO_COLOUR" in problem.msg


@pytest.mark.parametrize(
    ("language", "count"), [("en", 0), ("de-CH", 0), ("zh-Hant-TW", 0), ("", 1), ("German!", 1)]
)
def test_the_language_of_the_bot_has_to_be_a_tag(settings: Any, language: str, count: int) -> None:
    settings.VOICEDEMO_BOT_LANGUAGE = language
    assert len(checks.bot_language(None)) == count


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("", 0),
        ("https://talk.example.com", 0),
        ("http://192.0.2.1:8000/", 0),
        ("talk.example.com", 1),
        ("https://no host", 1),
    ],
)
def test_a_public_url_has_to_be_the_address_of_a_site(settings: Any, url: str, count: int) -> None:
    settings.VOICEDEMO_PUBLIC_URL = url
    assert len(checks.public_url(None)) == count


def test_a_color_that_cannot_be_seen_on_its_page_is_named(settings: Any) -> None:
    assert checks.colors(None) == []
    settings.VOICEDEMO_COLOR = "#e8e4da"
    settings.VOICEDEMO_BOT_COLOR_DARK = "#301000"
    pale, dim = checks.colors(None)
    assert "VOICEDEMO_COLOR #e8e4da" in pale.msg
    assert pale.hint and pale.hint.endswith("darker one.")
    assert "VOICEDEMO_BOT_COLOR_DARK #301000" in dim.msg
    assert dim.hint and dim.hint.endswith("lighter one.")


def test_a_wrong_color_is_named(settings: Any) -> None:
    settings.VOICEDEMO_COLOR = "teal"
    (problem,) = checks.colors(None)
    assert "'teal'" in problem.msg


def test_a_logo_has_to_be_a_picture(settings: Any, tmp_path: Path) -> None:
    settings.VOICEDEMO_LOGO = str(tmp_path / "logo.svg")
    (missing,) = checks.logo(None)
    assert "logo.svg" in missing.msg
    (tmp_path / "logo.svg").write_text("<svg/>")
    assert checks.logo(None) == []
    (tmp_path / "logo.exe").write_text("MZ")
    settings.VOICEDEMO_LOGO = str(tmp_path / "logo.exe")
    assert len(checks.logo(None)) == 1


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("", 0),
        ("https://example.com/contact", 0),
        ("mailto:a@example.com", 0),
        ("tel:+1", 0),
        ("example.com", 1),
        ("javascript:alert(1)", 1),
    ],
)
def test_a_contact_can_be_reached(settings: Any, url: str, count: int) -> None:
    settings.VOICEDEMO_CONTACT_URL = url
    assert len(checks.contact(None)) == count


def test_a_bot_that_cannot_be_imported_is_named(settings: Any) -> None:
    settings.VOICEDEMO_BOT = "examples.repeater.Repeater"
    assert checks.bot(None) == []
    settings.VOICEDEMO_BOT = "examples.repeater.Nobody"
    (problem,) = checks.bot(None)
    assert "Nobody" in problem.msg


def test_a_credential_that_everybody_gets_is_named(settings: Any) -> None:
    assert checks.permanent_credential(None) == []
    settings.VOICEDEMO_TURN_URLS = ["turn:turn.example.com"]
    settings.VOICEDEMO_TURN_USERNAME = "us"
    settings.VOICEDEMO_TURN_CREDENTIAL = "word"
    (problem,) = checks.permanent_credential(None)
    assert problem.hint and "VOICEDEMO_COTURN_SECRET" in problem.hint


def test_a_class_that_lacks_members_of_a_bot_stops_the_start(settings: Any) -> None:
    settings.VOICEDEMO_BOT = "unittest.TestCase"
    told = [problem.msg for problem in checks.bot(None)]
    assert any("begin()" in one for one in told) and any("sample_rate" in one for one in told)


@pytest.mark.parametrize(
    ("redis", "count"),
    [
        ("", 0),
        ("redis://localhost:6379/0", 0),
        ("redis://:word@127.0.0.1:6379/0", 0),
        ("redis://[::1]:6379", 0),
        ("unix:///run/redis/redis.sock", 0),
        ("redis://redis.internal:6379/0", 1),
        ("rediss://:word@10.0.0.7:6379/0", 1),
    ],
)
def test_machines_that_share_a_redis_have_one_key_that_is_set(
    settings: Any, redis: str, count: int
) -> None:
    settings.REDIS_URL = redis
    settings.SECRET_KEY_IS_OWN = True
    told = checks.shared_key(None)
    assert len(told) == count
    assert not any("word" in one.msg for one in told)
    settings.SECRET_KEY_IS_OWN = False
    assert checks.shared_key(None) == []
