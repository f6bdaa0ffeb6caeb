"""In each test one thing of a working set-up is broken, and the doctor has to find it."""

import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from django.core.management import call_command

from bot.ice import turn
from doctor import host, reach, servers, web
from doctor.examination import examine
from doctor.findings import Finding, lacking
from doctor.setup import Setup
from signaling.ice.coturn import CoturnProvider
from signaling.ice.static import StaticProvider
from tests.certificates import self_signed
from tests.media.turnserver import SHIPPED, turnserver
from tests.ports import HERE, free_port
from tests.vendor import Vendor
from voicedemo.management.commands import doctor as doctor_command
from wire.findings import Status

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
    options = (*AUTH, *tls(*trusted, tls_port), f"--allowed-peer-ip={HERE}")
    async with turnserver(tmp_path, *options, config=SHIPPED) as port:
        yield Setup(
            secret_key="k3y-" * 9 + "with-more-than-fifty-characters",
            debug=False,
            allowed_hosts=[HERE],
            public_url=web.api,
            public_ips=[HERE],
            media_port=free_port(),
            bind=HERE,
            proxies=1,
            stun_urls=[f"stun:{HERE}:{port}"],
            providers=[provider(port, tls_port)],
            clock_url=web.api,
        )
    web.close()


async def broken(setup: Setup) -> list[Finding]:
    return [f for f in await examine(setup) if f.status is Status.BAD]


async def test_a_healthy_set_up_has_nothing_wrong(healthy: Setup) -> None:
    findings = await examine(healthy)
    assert [f for f in findings if f.status is not Status.GOOD] == []
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


async def test_pages_that_can_be_reached_past_the_proxy_are_a_warning(healthy: Setup) -> None:
    findings = await examine(dataclasses.replace(healthy, bind="::"))
    (warning,) = [f for f in findings if f.status is not Status.GOOD]
    assert (warning.check, warning.status) == ("bind", Status.WARNING)
    assert "VOICEDEMO_BIND=127.0.0.1" in warning.next_step


@pytest.fixture
def laptop(healthy: Setup) -> Setup:
    """A developer's machine: nothing is set, and no STUN server can be reached."""
    return dataclasses.replace(
        healthy,
        public_url="",
        public_ips=[],
        media_port=0,
        proxies=0,
        stun_urls=["stun:no-such-host.invalid:3478", f"stun:{HERE}:{free_port()}"],
        stun_is_default=True,
        providers=[],
    )


async def test_a_laptop_is_not_broken(laptop: Setup) -> None:
    findings = await examine(laptop)
    assert [f for f in findings if f.status is Status.BAD] == []
    warnings = [f for f in findings if f.status is Status.WARNING]
    assert [f.check for f in warnings] == ["media port", "stun", "stun", "turn"]
    assert all(f.next_step.startswith("For production: ") for f in warnings)


async def test_a_stun_server_that_somebody_chose_has_to_answer_on_a_laptop_too(
    laptop: Setup,
) -> None:
    chosen = dataclasses.replace(laptop, stun_is_default=False)
    assert [f.check for f in await broken(chosen)] == ["stun", "stun"]


async def test_default_stun_servers_have_to_answer_in_production(healthy: Setup) -> None:
    url = "stun:no-such-host.invalid:3478"
    setup = dataclasses.replace(healthy, stun_urls=[url], stun_is_default=True)
    (finding,) = await broken(setup)
    assert finding.subject == url


def test_a_nat_is_no_fault_of_a_laptop() -> None:
    for in_production, status in ((False, Status.WARNING), (True, Status.BAD)):
        found = host.advertised([], "198.51.100.7", in_production=in_production)
        assert found.status is status
        assert "VOICEDEMO_PUBLIC_IPS=198.51.100.7" in found.next_step
    wrong = host.advertised(["192.0.2.1"], "198.51.100.7", in_production=False)
    assert wrong.status is Status.BAD


def test_names_of_the_settings_file_are_told_and_values_are_not(
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A warning alone is not a failure."""
    examined: list[Setup] = []

    async def examine_settings(setup: Setup) -> list[Finding]:
        examined.append(setup)
        found = lacking("turn", "none", "none", "Set one.", in_production=False)
        return [host.env_file(setup.env_file, setup.env_file_names), found]

    monkeypatch.setattr(doctor_command, "examine", examine_settings)
    settings.BASE_DIR = tmp_path
    settings.ENV_FILE = tmp_path / ".env"
    settings.ENV_FILE_NAMES = frozenset({"SECRET_KEY", "PORT"})
    call_command("doctor")
    told = capsys.readouterr().out
    assert "✓ settings           .env: sets PORT, SECRET_KEY; " in told
    assert "! turn" in told and "→ For production: Set one." in told
    assert settings.SECRET_KEY not in told


def test_a_failure_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def find_one(setup: Setup) -> list[Finding]:
        return [lacking("turn", "none", "none", "Set one.", in_production=True)]

    monkeypatch.setattr(doctor_command, "examine", find_one)
    with pytest.raises(SystemExit, match="1"):
        call_command("doctor", json=True)
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["verdict"] == "bad"


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
    """This happens if somebody has turned authentication off."""
    folder = tmp_path / "other"
    folder.mkdir()
    async with turnserver(folder, "--no-tls", "--no-auth") as port:
        open_to_all = CoturnProvider([f"turn:{HERE}:{port}?transport=udp"], SECRET)
        found = await broken(dataclasses.replace(healthy, providers=[open_to_all]))
    assert {finding.check for finding in found} == {"expiry", "relay scope"}


async def test_a_relay_into_the_operators_own_network_is_named(
    tmp_path: Path, healthy: Setup
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    async with turnserver(folder, "--no-tls", *AUTH) as port:
        to_everywhere = CoturnProvider([f"turn:{HERE}:{port}?transport=tcp"], SECRET)
        (finding,) = await broken(dataclasses.replace(healthy, providers=[to_everywhere]))
    assert finding.check == "relay scope"
    assert "169.254.169.254" in finding.detail
    assert "deploy/coturn/turnserver.conf" in finding.next_step


async def test_a_credential_that_never_expires_is_named(tmp_path: Path, healthy: Setup) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    denied = [
        line for line in SHIPPED.read_text().splitlines() if line.startswith("denied-peer-ip")
    ]
    config = folder / "turnserver.conf"
    config.write_text("\n".join(["lt-cred-mech", "user=us:word", *denied]))
    options = ("--no-tls", f"--allowed-peer-ip={HERE}")
    async with turnserver(folder, *options, config=config) as port:
        fixed = StaticProvider([f"turn:{HERE}:{port}"], "us", "word")
        findings = await examine(dataclasses.replace(healthy, providers=[fixed]))
    (warning,) = [f for f in findings if f.status is not Status.GOOD]
    assert (warning.check, warning.status) == ("expiry", Status.WARNING)
    assert "VOICEDEMO_COTURN_SECRET" in warning.next_step
    assert "word" not in json.dumps(warning.as_dict())


async def test_a_wrong_url_is_named() -> None:
    (finding,) = await web.origin("https://no host")
    assert finding.status is Status.BAD


async def test_a_media_port_that_nothing_reaches_is_named(
    healthy: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_S", 1.0)
    (before,) = healthy.providers
    (issued,) = (await before.issue("a", timedelta(minutes=5))).servers
    (relay, *_) = turn.turn_servers([issued])
    assert (await reach.media_port(HERE, free_port(), relay)).status is Status.GOOD
    port = free_port()
    finding = await reach.media_port("192.0.2.1", port, relay)
    assert finding.status is Status.BAD
    assert str(port) in finding.next_step


async def test_a_wrong_clock_is_named(healthy: Setup, trusted: tuple[Path, Path]) -> None:
    elsewhere = Vendor(*trusted)
    elsewhere.answer(b"", Date=formatdate(0, usegmt=True))
    (finding,) = await broken(dataclasses.replace(healthy, clock_url=elsewhere.api))
    elsewhere.close()
    assert finding.check == "clock"
