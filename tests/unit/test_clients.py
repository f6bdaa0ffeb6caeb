"""Whose address counts: what proxies say, and who is believed."""

import logging
from typing import Any

import pytest

from signaling import clients
from voicedemo import checks

pytestmark = pytest.mark.unit

VISITOR = "198.51.100.7"
PROXY = "127.0.0.1"
STRANGER = "203.0.113.9"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_warned", set())


def scope(peer: str, *forwarded: str) -> dict[str, Any]:
    return {
        "client": (peer, 40_000),
        "headers": [(b"x-forwarded-for", it.encode()) for it in forwarded],
    }


def seen(peer: str, *forwarded: str) -> str:
    return clients.address(scope(peer, *forwarded))


def test_without_a_proxy_the_header_counts_for_nothing(settings: Any) -> None:
    settings.VOICEDEMO_PROXIES = 0
    assert seen(STRANGER, VISITOR) == STRANGER
    assert seen(PROXY) == PROXY


@pytest.mark.parametrize("peer", [PROXY, "::1", "::ffff:127.0.0.1", "172.18.0.3", "fd00::3"])
def test_a_proxy_in_our_own_network_is_believed(settings: Any, peer: str) -> None:
    settings.VOICEDEMO_PROXIES = 1
    assert seen(peer, VISITOR) == VISITOR
    assert seen(peer, "192.0.2.1", VISITOR) == VISITOR
    assert seen(peer, f"192.0.2.1, {VISITOR}") == VISITOR


def test_somebody_who_comes_past_the_proxy_is_not_believed(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.VOICEDEMO_PROXIES = 1
    for number in range(3):
        assert seen(STRANGER, f"192.0.2.{number}") == STRANGER
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert STRANGER in record.getMessage()
    assert "VOICEDEMO_BIND=127.0.0.1" in record.getMessage()


def test_a_proxy_elsewhere_is_believed_if_it_is_listed(settings: Any) -> None:
    settings.VOICEDEMO_PROXIES = 1
    settings.VOICEDEMO_PROXY_ADDRESSES = ["203.0.113.0/28"]
    assert seen(STRANGER, VISITOR) == VISITOR
    assert seen("203.0.113.16", VISITOR) == "203.0.113.16"
    assert seen(PROXY, VISITOR) == PROXY


def test_the_first_of_two_proxies_says_who_it_was(settings: Any) -> None:
    settings.VOICEDEMO_PROXIES = 2
    assert seen(PROXY, "192.0.2.1", VISITOR, "10.0.0.4") == VISITOR
    assert seen(PROXY, VISITOR) == PROXY


def test_a_proxy_that_the_settings_do_not_know_is_told_of(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.VOICEDEMO_PROXIES = 0
    for number in range(3):
        seen(PROXY, f"192.0.2.{number}")
        seen(STRANGER, VISITOR)
    (record,) = caplog.records
    assert "set VOICEDEMO_PROXIES=1" in record.getMessage().replace("Set", "set")


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "is_one"),
    [
        (0, PROXY, (), True),
        (0, "10.0.0.9", (), True),
        (0, STRANGER, (), False),
        (0, PROXY, (VISITOR,), False),
        (0, PROXY, ("10.0.0.9",), False),
        (1, PROXY, (VISITOR,), False),
        (1, PROXY, ("10.0.0.9",), True),
        (1, PROXY, ("10.0.0.9", VISITOR), False),
        (1, STRANGER, ("10.0.0.9",), False),
    ],
)
def test_metrics_are_for_private_addresses(
    settings: Any, proxies: int, peer: str, forwarded: tuple[str, ...], is_one: bool
) -> None:
    settings.VOICEDEMO_PROXIES = proxies
    assert clients.is_operator(scope(peer, *forwarded)) is is_one


@pytest.mark.parametrize("text", ["198.51.100.0/33", "proxy", "1.2.3"])
def test_what_is_no_network_is_named(settings: Any, text: str) -> None:
    settings.VOICEDEMO_PROXY_ADDRESSES = ["192.0.2.7", "2001:db8::/32", "192.0.2.7/24"]
    assert checks.networks(None) == []
    settings.VOICEDEMO_METRICS_FROM = [text]
    (problem,) = checks.networks(None)
    assert text in problem.msg
