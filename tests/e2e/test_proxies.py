"""Reverse proxies, set up as `deploy/` does: calls go through, and the client's address counts."""

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.certificates import authority
from tests.media.turnserver import free_port

from .caller import Caller
from .server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.long]

DEPLOY = Path(__file__).parents[2] / "deploy"
UNTRUSTED = "An SSL certificate error occurred when fetching the script."
"""A browser accepts no service worker from a certificate that it does not trust."""


def replaced(path: Path, *pairs: tuple[str, str]) -> str:
    """A file of ours, with what its reader shall replace."""
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def caddy(folder: Path, port: int, server: Server) -> list[str]:
    """The command that runs Caddy on a port."""
    _, certificate, key = authority(folder, "localhost")
    site = replaced(
        DEPLOY / "caddy/Caddyfile",
        ("demo.example.com {", f"https://localhost:{port} {{\n\ttls {certificate} {key}"),
        ("127.0.0.1:8000", server.url.split("/")[2]),
    )
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def nginx(folder: Path, port: int, server: Server) -> list[str]:
    """The command that runs nginx on a port."""
    _, certificate, key = authority(folder, "localhost")
    site = replaced(
        DEPLOY / "nginx/voicedemo.conf",
        ("443", str(port)),
        ("demo.example.com", "localhost"),
        ("/etc/ssl/demo.pem", str(certificate)),
        ("/etc/ssl/demo.key", str(key)),
        ("127.0.0.1:8000", server.url.split("/")[2]),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\ndaemon off;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{site}}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server.start(
        tmp_path / "var",
        ALLOWED_HOSTS="localhost",
        VOICEDEMO_BIND="127.0.0.1",
        VOICEDEMO_PROXIES="1",
    )
    yield running
    running.stop()


@pytest.fixture(params=[caddy, nginx], ids=["caddy", "nginx"])
def port(
    request: pytest.FixtureRequest,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[int]:
    """The port of a proxy that runs."""
    monkeypatch.setenv("HOME", str(tmp_path))  # where Caddy keeps its data
    make_command: Callable[[Path, int, Server], list[str]] = request.param
    port = free_port()
    process = subprocess.Popen(make_command(tmp_path, port, server))
    deadline = time.monotonic() + 20
    while not listens(port):
        assert process.poll() is None and time.monotonic() < deadline, "the proxy did not start"
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def status(port: int, client: str, *, body: bytes | None = None, forged: str = "") -> int:
    """Ask for a ticket from an address of this machine, and return the answer's status."""
    secured = trusting().wrap_socket(
        socket.create_connection(("127.0.0.1", port), source_address=(client, 0)),
        server_hostname="localhost",
    )
    connection = http.client.HTTPConnection("localhost", port)
    connection.sock = secured
    headers = {"X-Forwarded-For": forged} if forged else {}
    connection.request("POST" if body else "GET", "/api/ticket/", body, headers)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_a_call_goes_through(port: int, browser: Browser) -> None:
    caller = Caller(browser, f"https://localhost:{port}/?voice=echo", ignore_https_errors=True)
    caller.call()
    caller.wait_for_sound()
    others = [one for one in caller.complaints if UNTRUSTED not in one]
    assert others == []


def test_each_client_has_limits_of_its_own_and_cannot_forge_its_address(port: int) -> None:
    statuses = [status(port, "127.0.0.2", forged=f"192.0.2.{number}") for number in range(80)]
    assert statuses[:50] == [200] * 50
    assert 429 in statuses[60:]
    assert status(port, "127.0.0.3") == 200


def test_http_2_is_spoken(port: int) -> None:
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"


def test_a_body_that_is_too_long_is_refused(port: int) -> None:
    assert status(port, "127.0.0.4", body=bytes(64 * 1024)) in {400, 413}
