"""`manage.py probe` calls real servers. In each test but the first ones, one thing is broken."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from doctor.probe import report, run
from doctor.probe.call import Call
from doctor.probe.faults import Fault
from doctor.probe.line import Line
from doctor.probe.metrics import Metrics
from doctor.probe.path import Terms
from doctor.probe.run import Outcome, Target
from doctor.probe.site import IceConfiguration, Page, Site
from doctor.probe.ways import WAYS, Way
from tests.certificates import self_signed
from tests.media.turnserver import turnserver
from tests.ports import HERE, free_port
from tests.redis import Redis

from .cluster import Cluster
from .server import ROOT, Server

# No browser takes part, and what runs an event loop comes before those tests.
pytestmark = [pytest.mark.media, pytest.mark.long]

SLOW_S = 60.0
"""No bound, where a test is not about it."""
SECRET = "north"
AUTH = ("--use-auth-secret", f"--static-auth-secret={SECRET}")

BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

MakeServer = Callable[..., Server]


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[MakeServer]:
    running: list[Server] = []

    def make(*command: str, **settings: str) -> Server:
        settings = {"VOICEDEMO_STUN_URLS": "", **settings}
        running.append(Server.start(tmp_path, command=command or ("serve",), **settings))
        return running[-1]

    yield make
    for server in running:
        server.stop()


def target(url: str, *, authority: Path | None = None, slow_s: float = SLOW_S) -> Target:
    return Target(url, run.trust(authority), slow_s)


async def fault(url: str, way: Way = "direct", **options: Any) -> Fault:
    """What the probe finds broken."""
    outcome = await run.run(target(url, **options), way)
    assert outcome.fault, "the call works"
    assert outcome.fault.next_step
    return outcome.fault


async def works(url: str, way: Way, **options: Any) -> Outcome:
    outcome = await run.run(target(url, **options), way)
    assert outcome.fault is None
    return outcome


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as an operator does."""
    return subprocess.run(
        [sys.executable, "manage.py", "probe", *arguments],
        cwd=ROOT,
        env={**os.environ, "VOICEDEMO_VAR_DIR": str(folder)},
        capture_output=True,
        text=True,
    )


@asynccontextmanager
async def front(
    server: Server,
    tls: ssl.SSLContext | None = None,
    *,
    late_s: float = 0.0,
    websockets: bool = True,
) -> AsyncIterator[str]:
    """A proxy in front of a server. Yields its URL.

    :param late_s: passes everything on so much later.
    :param websockets: whether it passes those on.
    """
    port = urlsplit(server.url).port
    serving: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not websockets:
                    data = data.replace(b"Upgrade: websocket\r\n", b"")
                await asyncio.sleep(late_s)
                writer.write(data)
            await closed(writer)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        serving.add(task)
        inner_reader, inner_writer = await asyncio.open_connection(HERE, port)
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))
        await closed(inner_writer)
        await closed(writer)

    listener = await asyncio.start_server(serve, HERE, 0, ssl=tls)
    number = listener.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://{HERE}:{number}/"
    finally:
        listener.close()
        await asyncio.gather(*serving)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


# It works.


def test_the_command_says_what_it_heard(server: Server, tmp_path: Path) -> None:
    done = command(tmp_path, server.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("✓ direct")
    assert "after an ICE restart" in done.stdout


def test_the_command_writes_a_line_of_json_for_each_way_that_exists(
    server: Server, tmp_path: Path
) -> None:
    done = command(tmp_path, server.url, "--way=each", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["way"], line["fault"]) for line in lines] == [("direct", None), ("ice-tcp", None)]
    assert all(line["cpu_s"] > 0 and line["heard_s"] > 0 for line in lines)


def test_it_goes_on_calling_and_tells_prometheus(server: Server, tmp_path: Path) -> None:
    port, textfile = free_port(), tmp_path / "probe.prom"
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "probe", server.url, "--every=0.1", "--json"),
            *(f"--metrics-port={port}", f"--textfile={textfile}"),
        ],
        cwd=ROOT,
        env={**os.environ, "VOICEDEMO_VAR_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is ignored where the tests themselves were started in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    try:
        told = [json.loads(process.stdout.readline()) for _ in range(3)]
        with urllib.request.urlopen(f"http://{HERE}:{port}/metrics") as response:
            served = response.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        process.stdout.close()
    assert process.wait(10) == 0, rest
    assert [one["fault"] for one in told] == [None] * 3
    for metrics in (served, textfile.read_text()):
        assert 'voicedemo_probe_up{way="direct"} 1.0' in metrics


# The page.


async def test_an_expired_certificate_is_named(server: Server, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, HERE, days=-1)
    async with front(server, served_with(certificate, key)) as url:
        found = await fault(url, authority=certificate)
    assert found.code == "certificate"
    assert "expired" in found.sentence


async def test_a_certificate_of_another_name_is_named(server: Server, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "127.0.0.9")
    async with front(server, served_with(certificate, key)) as url:
        found = await fault(url, authority=certificate)
    assert found.code == "certificate"
    assert "for another name" in found.sentence


async def test_a_certificate_that_is_accepted_is_no_fault(server: Server, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, HERE)
    async with front(server, served_with(certificate, key)) as url:
        await works(url, "direct", authority=certificate)
        assert (await fault(url)).code == "certificate"


def served_with(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_a_wrong_host_is_named(make_server: MakeServer) -> None:
    port = urlsplit(make_server(ALLOWED_HOSTS="demo.example.com").url).port
    found = await fault(f"http://{HERE}:{port}/")
    assert found.code == "host"
    assert "ALLOWED_HOSTS" in found.next_step


async def test_a_name_that_is_not_known_is_named() -> None:
    found = await fault("http://no-such-host.invalid/")
    assert found.code == "dns"
    assert "no-such-host.invalid" in found.sentence


async def test_a_name_that_leads_nowhere_is_named() -> None:
    port = free_port()
    found = await fault(f"http://localhost:{port}/")
    assert found.code == "unreachable"
    assert HERE in found.sentence
    assert str(port) in found.sentence


async def test_a_name_that_leads_elsewhere_is_named() -> None:
    async def another(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    async with await asyncio.start_server(another, HERE, 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert (await fault(f"http://{HERE}:{port}/")).code == "other_site"


async def test_a_proxy_that_passes_no_websockets_is_named(server: Server) -> None:
    async with front(server, websockets=False) as url:
        assert (await fault(url)).code == "socket"


async def test_a_proxy_without_its_server_is_named() -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(BAD_GATEWAY)
        writer.close()

    async with await asyncio.start_server(proxy, HERE, 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert (await fault(f"http://{HERE}:{port}/")).code == "proxy"


# The server.


async def test_a_full_server_is_named(make_server: MakeServer) -> None:
    url = make_server(VOICEDEMO_MAX_CALLS="1").url
    async with somebody_in_a_call(url):
        assert (await fault(url)).code == "busy"


@asynccontextmanager
async def somebody_in_a_call(url: str) -> AsyncIterator[None]:
    trust = run.trust(None)
    site = Site(url, trust)
    page = await site.open()
    configuration = await site.ice(page)
    line = await Line.open(site, page, trust)
    call = Call(
        line, Terms("direct", configuration.servers, trust, limited=False, ipv6=False), "", {}
    )
    await call.connect()
    try:
        yield
    finally:
        await call.close()
        await line.close()
        await site.close()


async def test_a_muted_bot_is_named(make_server: MakeServer) -> None:
    url = make_server(DJANGO_SETTINGS_MODULE="tests.e2e.muted").url
    found = await fault(url)
    assert found.code == "muted"
    assert "no echo" in found.sentence


async def test_a_restart_that_fails_is_named(make_server: MakeServer) -> None:
    url = make_server(DJANGO_SETTINGS_MODULE="tests.e2e.restarts_fail").url
    found = await fault(url)
    assert found.code == "restart"
    assert "No new path" in found.sentence


async def test_a_slow_answer_is_named(server: Server) -> None:
    async with front(server, late_s=0.3) as url:
        found = await fault(url, slow_s=0.2)
    assert found.code == "slow"
    assert "0.2 s is the bound" in found.sentence


async def test_a_missing_worker_is_named(make_server: MakeServer, tmp_path: Path) -> None:
    redis = Redis(tmp_path)
    try:
        url = make_server("serve", "--no-bot", REDIS_URL=redis.url).url
        assert (await fault(url)).code == "no_worker"
    finally:
        redis.stop()


async def test_frozen_workers_are_named(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    try:
        await asyncio.to_thread(cluster.wait_for_workers)
        for process in cluster.workers().values():
            os.kill(process, signal.SIGSTOP)
        assert (await fault(cluster.url)).code == "no_worker"
    finally:
        cluster.stop()


async def test_a_redis_that_is_down_is_named(make_server: MakeServer, tmp_path: Path) -> None:
    redis = Redis(tmp_path)
    url = make_server("serve", "--no-bot", REDIS_URL=redis.url).url
    redis.stop()
    assert (await fault(url)).code == "redis"


async def test_a_wrong_public_address_is_named(make_server: MakeServer) -> None:
    url = make_server(VOICEDEMO_PUBLIC_IPS="127.0.0.2").url
    found = await fault(url)
    assert found.code == "wrong_ip"
    assert "127.0.0.2" in found.sentence
    assert "VOICEDEMO_PUBLIC_IPS" in found.next_step


# TURN.


def turn_settings(port: int, tls_port: int, secret: str = SECRET) -> dict[str, str]:
    urls = (
        f"turn:{HERE}:{port}?transport=udp",
        f"turn:{HERE}:{port}?transport=tcp",
        f"turns:{HERE}:{tls_port}?transport=tcp",
    )
    return {"VOICEDEMO_COTURN_URLS": ",".join(urls), "VOICEDEMO_COTURN_SECRET": secret}


@pytest.fixture
def certified(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path, HERE)


def tls(certificate: Path, key: Path, port: int) -> tuple[str, ...]:
    return (f"--cert={certificate}", f"--pkey={key}", f"--tls-listening-port={port}")


async def test_each_way_is_called_over_alone(
    make_server: MakeServer, tmp_path: Path, certified: tuple[Path, Path]
) -> None:
    tls_port = free_port()
    async with turnserver(tmp_path, *AUTH, *tls(*certified, tls_port)) as port:
        server = make_server(SSL_CERT_FILE=str(certified[0]), **turn_settings(port, tls_port))
        done = await asyncio.to_thread(
            command, tmp_path, server.url, "--way=each", "--json", f"--ca={certified[0]}"
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    expected = ["direct", "udp", "tcp", "tls", "ice-tcp"]
    assert [(line["way"], line["fault"]) for line in lines] == [(way, None) for way in expected]


@pytest.mark.parametrize("way", ["udp", "tcp"])
async def test_a_turn_secret_that_is_no_longer_right_is_named(
    make_server: MakeServer, tmp_path: Path, way: Way
) -> None:
    async with turnserver(tmp_path, *AUTH, "--no-tls") as port:
        server = make_server(**turn_settings(port, free_port(), secret="south"))
        found = await fault(server.url, way)
    assert found.code == "turn_refused"
    assert f"turn:{HERE}:{port}" in found.sentence
    assert "secret" in found.next_step


async def test_an_expired_certificate_of_the_turn_server_is_named(
    make_server: MakeServer, tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path, HERE, days=-1)
    tls_port = free_port()
    async with turnserver(tmp_path, *AUTH, *tls(certificate, key, tls_port)) as port:
        server = make_server(**turn_settings(port, tls_port))
        found = await fault(server.url, "tls", authority=certificate)
    assert found.code == "certificate"
    assert f"turns:{HERE}:{tls_port}" in found.sentence
    assert "expired" in found.sentence


async def test_a_turn_server_that_is_down_is_named(make_server: MakeServer) -> None:
    server = make_server(**turn_settings(free_port(), free_port()))
    assert (await fault(server.url, "tcp")).code == "turn_unreachable"


async def test_a_way_without_a_turn_server_is_named(server: Server) -> None:
    assert (await fault(server.url, "tls")).code == "no_relay"


# Secrets.


@pytest.mark.parametrize("secret", [SECRET, "south"])
async def test_what_it_says_has_no_secrets(
    make_server: MakeServer,
    tmp_path: Path,
    secret: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither of a call that works, nor of one that the TURN server refuses."""
    secrets: list[str] = []
    take_page, take_servers = Site.open, Site.ice

    async def open_page(site: Site) -> Page:
        page = await take_page(site)
        secrets.append(page.ticket)
        return page

    async def ice(site: Site, page: Page) -> IceConfiguration:
        found = await take_servers(site, page)
        secrets.extend(
            text for one in found.servers for text in (one.username, one.credential) if text
        )
        return found

    monkeypatch.setattr(Site, "open", open_page)
    monkeypatch.setattr(Site, "ice", ice)
    async with turnserver(tmp_path, *AUTH, "--no-tls") as port:
        server = make_server(**turn_settings(port, free_port(), secret))
        outcomes = [await run.run(target(server.url), way) for way in WAYS]
    metrics = Metrics()
    for outcome in outcomes:
        metrics.take(outcome)
    metrics.write(tmp_path / "probe.prom")
    said = "".join(report.as_text(one) + report.as_json(one) for one in outcomes)
    said += (tmp_path / "probe.prom").read_text() + caplog.text
    assert len(secrets) > len(WAYS)
    assert [one for one in secrets if one in said] == []
