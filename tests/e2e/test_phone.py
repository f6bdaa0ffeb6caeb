"""HTTPS for the phones in a developer's network."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from django.core.management import CommandError, call_command
from playwright.sync_api import Browser

from pages.phone import certificate
from tests.ports import free_port

from .caller import Caller
from .server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("phone")]

HERE = "127.0.0.1"
APPLES_LIMIT = timedelta(days=398)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("phone")


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(folder: Path, tls_port: int) -> Iterator[Server]:
    options = (f"--port={free_port()}", f"--tls-port={tls_port}", f"--address={HERE}")
    running = Server.start(folder, command=("phone", *options))
    yield running
    running.stop()


def test_a_call_over_https(browser: Browser, server: Server, tls_port: int) -> None:
    caller = Caller(browser, f"https://{HERE}:{tls_port}/?voice=echo", ignore_https_errors=True)
    caller.call()
    caller.wait_for_sound()


def test_who_trusts_the_authority_gets_no_warning(
    server: Server, folder: Path, tls_port: int
) -> None:
    steps = urllib.request.urlopen(f"{server.url}phone/").read().decode()
    assert f'href="https://{HERE}:{tls_port}/"' in steps
    given = urllib.request.urlopen(f"{server.url}phone/authority/")
    assert given.headers["Content-Type"] == "application/x-x509-ca-cert"
    trusting = ssl.create_default_context(cadata=given.read().decode())
    page = urllib.request.urlopen(f"https://{HERE}:{tls_port}/", context=trusting)
    assert page.status == 200
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        urllib.request.urlopen(f"https://{HERE}:{tls_port}/")


def test_an_address_that_https_is_not_served_on_is_refused() -> None:
    with pytest.raises(CommandError, match="IPv4"):
        call_command("phone", address="2001:db8::7")


def test_apple_takes_it_and_the_keys_are_nobody_elses(tmp_path: Path) -> None:
    first = certificate.issue(tmp_path, HERE)
    leaf = x509.load_pem_x509_certificate(first.certificate.read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < APPLES_LIMIT
    trusted = first.authority.read_bytes()
    assert certificate.issue(tmp_path, HERE).authority.read_bytes() == trusted
    for key in tmp_path.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_an_ordinary_server_has_no_such_page(tmp_path: Path) -> None:
    server = Server.start(tmp_path)
    for path in ("phone/", "phone/authority/"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(server.url + path)
    server.stop()
