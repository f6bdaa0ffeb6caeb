"""The choice of URLs for a browser, and the guard around a provider."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from signaling.ice import guard as guard_module
from signaling.ice.base import IceServer, IceServers, ProviderError
from signaling.ice.coturn import CoturnProvider
from signaling.ice.guard import Guard
from signaling.ice.selection import offered

pytestmark = pytest.mark.unit

TTL = timedelta(minutes=45)


def server(*urls: str, username: str | None = None) -> IceServer:
    return IceServer(urls=list(urls), username=username, credential=username and "word")


def urls(servers: Sequence[IceServer]) -> list[str]:
    return [url for server in offered(servers) for url in server.urls]


CLOUDFLARE = server(
    "turn:turn.cloudflare.com:3478?transport=udp",
    "turn:turn.cloudflare.com:53?transport=udp",
    "turn:turn.cloudflare.com:3478?transport=tcp",
    "turn:turn.cloudflare.com:80?transport=tcp",
    "turns:turn.cloudflare.com:5349?transport=tcp",
    "turns:turn.cloudflare.com:443?transport=tcp",
    username="them",
)
STUN = server("stun:a.example:3478", "stun:a.example:19302", "stun:b.example:3478")


def test_one_of_each_kind_and_a_second_stun_server_elsewhere() -> None:
    assert urls([STUN, CLOUDFLARE]) == [
        "stun:a.example:3478",
        "stun:b.example:3478",
        "turn:turn.cloudflare.com:3478?transport=udp",
        "turn:turn.cloudflare.com:3478?transport=tcp",
        "turns:turn.cloudflare.com:443?transport=tcp",
    ]


def test_the_first_provider_is_preferred_and_the_next_fills_in() -> None:
    first = server("turn:first.example:3478?transport=udp", username="us")
    chosen = offered([first, CLOUDFLARE])
    assert chosen[0] == first
    assert chosen[1].username == "them"
    assert len(urls([first, CLOUDFLARE])) == 3


def test_two_providers_each_contribute_a_relay() -> None:
    first = server(
        "turn:first.example?transport=udp",
        "turn:first.example?transport=tcp",
        "turns:first.example:443?transport=tcp",
        username="us",
    )
    chosen = offered([first, CLOUDFLARE])
    assert [(chosen.username, len(chosen.urls)) for chosen in chosen] == [("us", 2), ("them", 1)]
    assert chosen[1].urls == ["turns:turn.cloudflare.com:443?transport=tcp"]


def test_port_443_matters_more_than_another_host() -> None:
    default = server(
        "turn:own.example?transport=udp", "turns:own.example?transport=tcp", username="us"
    )
    assert urls([CLOUDFLARE, default])[-1] == "turns:turn.cloudflare.com:443?transport=tcp"


def test_credentials_stay_with_their_urls() -> None:
    for chosen in offered([STUN, CLOUDFLARE]):
        assert (chosen.credential is not None) == chosen.urls[0].startswith("turn")


def test_a_malformed_ice_url_is_left_out() -> None:
    assert urls([server("https://example.com", "turn:x.example:53?transport=udp")]) == []


async def test_coturns_credentials_are_the_hmac_of_expiry_and_call() -> None:
    provider = CoturnProvider(["turn:x.example:3478"], "north")
    issued = await provider.issue("the-call", TTL)
    (only,) = issued.servers
    assert only.username is not None
    expiry, call = only.username.split(":")
    assert call == "the-call"
    assert issued.expires_at is not None
    assert int(expiry) == int(issued.expires_at.timestamp())
    # The length of what `openssl dgst -sha1 -hmac secret -binary | base64` prints.
    assert len(only.credential or "") == 28


class Scripted:
    """A provider that fails, hangs or issues servers, following a script."""

    name = "scripted"

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.asked = 0

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        self.asked += 1
        match self.script.pop(0):
            case "hang":
                await asyncio.sleep(60)
            case "busy":
                raise ProviderError("HTTP 429", retry_after=timedelta(minutes=2))
            case "fail":
                raise ProviderError("HTTP 500")
        return IceServers((server("turn:x.example", username=call_id),), datetime.now(UTC) + ttl)


async def test_the_credentials_of_a_call_are_reused_while_they_last() -> None:
    provider = Scripted("ok", "ok")
    guard = Guard(provider)
    assert await guard.issue("a", TTL) == await guard.issue("a", TTL)
    assert provider.asked == 1
    await guard.issue("b", TTL)
    assert provider.asked == 2


async def test_one_call_that_asks_twice_at_once_causes_one_request() -> None:
    provider = Scripted("ok")
    guard = Guard(provider)
    first, second = await asyncio.gather(guard.issue("a", TTL), guard.issue("a", TTL))
    assert first == second is not None
    assert provider.asked == 1


@pytest.mark.parametrize(("part", "asked"), [(0.4, 1), (0.6, 2)])
async def test_fresh_credentials_come_when_half_their_life_is_over(
    monkeypatch: pytest.MonkeyPatch, part: float, asked: int
) -> None:
    provider = Scripted("ok", "ok")
    guard = Guard(provider)
    await guard.issue("a", TTL)
    later = time.monotonic() + part * TTL.total_seconds()
    monkeypatch.setattr(time, "monotonic", lambda: later)
    await guard.issue("a", 3 * TTL)
    assert provider.asked == asked


@pytest.mark.parametrize(
    "url", ["turn:x.example", "turn:x.example:3478?transport=udp", "turn:X.example:3478"]
)
async def test_a_provider_is_known_by_its_url_however_a_browser_spells_it(url: str) -> None:
    guard = Guard(Scripted("ok"))
    await guard.issue("a", TTL)
    assert guard.has_issued(url)
    assert not guard.has_issued("turn:x.example?transport=tcp")
    assert not guard.has_issued("turns:x.example")


async def test_calls_that_fail_together_are_one_failure(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "TIMEOUT_S", 0.05)
    guard = Guard(Scripted(*["hang"] * 5))
    assert await asyncio.gather(*(guard.issue(name, TTL) for name in "abcde")) == [None] * 5
    assert "not asked again for 10 s" in caplog.text
    assert "for 20 s" not in caplog.text


@pytest.mark.parametrize("trouble", ["hang", "busy", "fail"])
async def test_a_failing_provider_is_left_alone_and_a_call_keeps_its_own_credentials(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(guard_module, "REUSED_SHARE", 1)
    provider = Scripted("ok", trouble)
    guard = Guard(provider)
    first = await guard.issue("a", TTL)
    assert await guard.issue("a", TTL) == first
    assert await guard.issue("a", TTL) == first
    assert provider.asked == 2


async def test_no_call_gets_the_credentials_of_another() -> None:
    guard = Guard(Scripted("ok", "fail"))
    first = await guard.issue("a", TTL)
    assert await guard.issue("b", TTL) is None
    assert await guard.issue("c", TTL) is None
    assert await guard.issue("a", TTL) == first


async def test_a_rush_of_calls_waits_in_line_at_a_provider() -> None:
    """A provider that sees them all at once answers 429, and then nobody has a relay."""

    class Busy:
        name = "busy"
        at_once = most = 0

        async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await asyncio.sleep(0.005)
            self.at_once -= 1
            return IceServers((server("turn:x.example", username=call_id),))

    provider = Busy()
    guard = Guard(provider)
    issued = await asyncio.gather(*(guard.issue(str(n), TTL) for n in range(50)))
    assert None not in issued
    assert 1 < provider.most <= guard_module.MAX_AT_ONCE


async def test_a_clock_that_is_set_does_not_close_a_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard_module, "FIRST_PAUSE", timedelta(seconds=0.01))
    guard = Guard(Scripted("fail", "ok"))
    await guard.issue("a", TTL)

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Yesterday":
            return cls.fromtimestamp(time.time() - 86_400, tz)

    monkeypatch.setattr(guard_module, "datetime", Yesterday)
    await asyncio.sleep(0.05)
    assert await guard.issue("a", TTL) is not None


async def test_a_provider_that_fails_gives_a_new_call_nothing() -> None:
    guard = Guard(Scripted("fail"))
    assert await guard.issue("a", TTL) is None


async def test_after_its_pause_a_provider_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "FIRST_PAUSE", timedelta(seconds=0.01))
    guard = Guard(Scripted("fail", "ok"))
    assert await guard.issue("a", TTL) is None
    await asyncio.sleep(0.05)
    assert await guard.issue("a", TTL) is not None


async def test_a_fault_in_one_provider_costs_no_other() -> None:
    class Faulty(Scripted):
        async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
            raise OverflowError("with a secret in it")

    assert await Guard(Faulty()).issue("a", TTL) is None


def test_a_second_stun_server_needs_no_port() -> None:
    assert urls([server("stun:a.example", "stun:b.example")]) == [
        "stun:a.example",
        "stun:b.example",
    ]
