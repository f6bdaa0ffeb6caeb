"""Reverse proxies, set up as `deploy/` does: calls go through, and the client's address counts."""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from . import proxies
from .caller import Caller
from .server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.long]

UNTRUSTED = "An SSL certificate error occurred when fetching the script."
"""A browser accepts no service worker from a certificate that it does not trust."""


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


@pytest.fixture(params=[proxies.caddy, proxies.nginx], ids=["caddy", "nginx"])
def ports(
    request: pytest.FixtureRequest, server: Server, tmp_path: Path
) -> Iterator[proxies.Ports]:
    """The ports of a proxy that runs."""
    ports = proxies.free_ports()
    with proxies.running(request.param, tmp_path, ports, server.url):
        yield ports


@pytest.fixture
def port(ports: proxies.Ports) -> int:
    """The proxy's port for HTTPS."""
    return ports.https


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


def test_plain_http_leads_to_https_and_no_version_is_told(ports: proxies.Ports) -> None:
    connection = http.client.HTTPConnection("localhost", ports.http)
    connection.request("GET", "/check/")
    answer = connection.getresponse()
    assert answer.status in {301, 308}
    assert answer.headers["Location"] == f"https://localhost:{ports.https}/check/"
    assert not re.search(r"\d", answer.headers["Server"])
    connection.close()
