"""The doctor finds the one thing that is broken in a set-up where all the rest is well."""

import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.ice import turn
from doctor import reach, servers, web
from doctor.examination import Setup, examine
from doctor.findings import Finding, Verdict
from signaling.ice.coturn import CoturnProvider
from tests.certificates import self_signed
from tests.media.turnserver import HERE, free_port, turnserver
from tests.vendor import Vendor

pytestmark = pytest.mark.media

SECRET = "north"
AUTH = ("--use-auth-secret", f"--static-auth-secret={SECRET}")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A certificate that this process accepts, and its key."""
    certificate, key = self_signed(tmp_path, HERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    turn.trust.cache_clear()
    monkeypatch.setattr(servers, "PATIENCE_S", 2.0)
    return certificate, key


def tls(certificate: Path, key: Path, port: int) -> tuple[str, ...]:
    return (f"--cert={certificate}", f"--pkey={key}", f"--tls-listening-port={port}")


def provider(port: int, tls_port: int, secret: str = SECRET) -> CoturnProvider:
    urls = [
        f"turn:{HERE}:{port}?transport=udp",
        f"turn:{HERE}:{port}?transport=tcp",
        f"turns:{HERE}:{tls_port}?transport=tcp",
    ]
    return CoturnProvider(urls, secret)


@pytest_asyncio.fixture
async def healthy(tmp_path: Path, trusted: tuple[Path, Path]) -> AsyncIterator[Setup]:
    web = Vendor(*trusted)
    for _ in range(2):
        web.answer(b"ok\n")
    tls_port = free_port()
    async with turnserver(tmp_path, *AUTH, *tls(*trusted, tls_port)) as port:
        yield Setup(
            secret_key="k3y-" * 9 + "with-more-than-fifty-characters",
            debug=False,
            allowed_hosts=[HERE],
            public_url=web.api,
            public_ips=[HERE],
            media_port=free_port(),
            proxies=1,
            stun_urls=[f"stun:{HERE}:{port}"],
            providers=[provider(port, tls_port)],
            clock_url=web.api,
        )
    web.close()


async def broken(setup: Setup) -> list[Finding]:
    return [f for f in await examine(setup) if f.verdict is Verdict.BAD]


async def test_a_healthy_set_up_has_nothing_wrong(healthy: Setup) -> None:
    findings = await examine(healthy)
    assert [f for f in findings if f.verdict is not Verdict.GOOD] == []
    assert {f.check for f in findings} >= {"turn", "certificate", "expiry", "stun", "clock"}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"secret_key": "changeme"}, "secret key"),
        ({"debug": True}, "debug"),
        ({"allowed_hosts": ["elsewhere.example"]}, "allowed hosts"),
        ({"public_url": f"http://{HERE}:1"}, "secure origin"),
        ({"media_port": 0}, "media port"),
        ({"proxies": 0}, "proxies"),
        ({"stun_urls": ["stun:::"]}, "stun"),
        ({"stun_urls": ["stun:no-such-host.invalid:3478"]}, "stun"),
        ({"public_ips": ["198.51.100.7"]}, "advertised address"),
        ({"providers": []}, "turn"),
    ],
)
async def test_a_wrong_setting_is_named(healthy: Setup, change: dict[str, Any], check: str) -> None:
    (finding,) = await broken(dataclasses.replace(healthy, **change))
    assert finding.check == check
    assert finding.next_step


async def test_a_dead_turn_server_is_named(healthy: Setup) -> None:
    dead = CoturnProvider([f"turn:{HERE}:{free_port()}?transport=tcp"], SECRET)
    (finding,) = await broken(dataclasses.replace(healthy, providers=[dead]))
    assert finding.check == "turn"
    assert "running" in finding.next_step


async def test_a_secret_that_was_rotated_on_one_side_is_named(healthy: Setup) -> None:
    (before,) = healthy.providers
    other = CoturnProvider(before._urls[:1], "south")  # type: ignore[attr-defined]
    (finding,) = await broken(dataclasses.replace(healthy, providers=[other]))
    assert "401" in finding.detail
    assert "secret" in finding.next_step
    assert "south" not in json.dumps(finding.as_dict())


@pytest.mark.parametrize(("days", "detail"), [(3, "days left"), (-1, "expired")])
async def test_a_certificate_at_its_end_is_named(
    tmp_path: Path,
    trusted: tuple[Path, Path],
    healthy: Setup,
    days: float,
    detail: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    pair = self_signed(folder, HERE, days=days)
    both = folder / "both.pem"
    both.write_bytes(pair[0].read_bytes() + trusted[0].read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(both))
    turn.trust.cache_clear()
    tls_port = free_port()
    async with turnserver(folder, *AUTH, *tls(*pair, tls_port)):
        short = CoturnProvider([f"turns:{HERE}:{tls_port}?transport=tcp"], SECRET)
        (finding,) = await broken(dataclasses.replace(healthy, providers=[short]))
    assert finding.check == "certificate"
    assert detail in finding.detail


async def test_a_certificate_nobody_trusts_is_named(tmp_path: Path, healthy: Setup) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    tls_port = free_port()
    async with turnserver(folder, *AUTH, *tls(*self_signed(folder, HERE), tls_port)):
        own = CoturnProvider([f"turns:{HERE}:{tls_port}?transport=tcp"], SECRET)
        (finding,) = await broken(dataclasses.replace(healthy, providers=[own]))
    assert (finding.check, finding.next_step) == (
        "certificate",
        "Give the server a certificate that browsers accept.",
    )


async def test_a_relay_that_relays_nothing_is_named(tmp_path: Path, healthy: Setup) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    denied = ("--denied-peer-ip=127.0.0.0-127.255.255.255",)
    async with turnserver(folder, "--no-tls", *AUTH, *denied) as port:
        mute = CoturnProvider([f"turn:{HERE}:{port}?transport=udp"], SECRET)
        (finding,) = await broken(dataclasses.replace(healthy, providers=[mute]))
    assert "nothing relayed" in finding.detail


async def test_expired_credentials_that_are_accepted_are_named(
    tmp_path: Path, healthy: Setup
) -> None:
    """As where somebody has turned authentication off."""
    folder = tmp_path / "other"
    folder.mkdir()
    async with turnserver(folder, "--no-tls", "--no-auth") as port:
        open_to_all = CoturnProvider([f"turn:{HERE}:{port}?transport=udp"], SECRET)
        (finding,) = await broken(dataclasses.replace(healthy, providers=[open_to_all]))
    assert finding.check == "expiry"


async def test_an_url_that_is_none_is_named() -> None:
    (finding,) = await web.origin("https://no host")
    assert finding.verdict is Verdict.BAD


async def test_a_media_port_that_nothing_reaches_is_named(
    healthy: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_S", 1.0)
    (before,) = healthy.providers
    (issued,) = (await before.issue("a", timedelta(minutes=5))).servers
    (relay, *_) = turn.turn_servers([issued])
    assert (await reach.media_port(HERE, free_port(), relay)).verdict is Verdict.GOOD
    port = free_port()
    finding = await reach.media_port("192.0.2.1", port, relay)
    assert finding.verdict is Verdict.BAD
    assert str(port) in finding.next_step


async def test_a_wrong_clock_is_named(healthy: Setup, trusted: tuple[Path, Path]) -> None:
    elsewhere = Vendor(*trusted)
    elsewhere.answer(b"", Date=formatdate(0, usegmt=True))
    (finding,) = await broken(dataclasses.replace(healthy, clock_url=elsewhere.api))
    elsewhere.close()
    assert finding.check == "clock"
