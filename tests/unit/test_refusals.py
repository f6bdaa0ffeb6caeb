"""What the web port answers in place of the application, and which headers that has."""

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from pages.render.headers import LOADS_NOTHING
from voicedemo import door

pytestmark = pytest.mark.unit

REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(door, "reactor", clock)
    return clock


@pytest.fixture
def transport() -> Any:
    return StringTransport()


@pytest.fixture
def connection(clock: Clock, transport: Any) -> Any:
    """A connection to a server whose application fails."""

    def fail(*args: Any) -> None:
        raise RuntimeError("a secret")

    nothing: Any = lambda *args: None  # noqa: E731
    daphne = SimpleNamespace(
        create_application=fail,
        protocol_connected=nothing,
        protocol_disconnected=nothing,
        log_action=nothing,
        proxy_forwarded_address_header=None,
        root_path="",
        server_name="voicedemo",
    )
    connection = door.HttpFactory(daphne).buildProtocol(IPv4Address("TCP", "192.0.2.1", 1))
    connection.callLater = clock.callLater
    connection.makeConnection(transport)
    return connection


def assert_is_safe(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert headers["content-security-policy"] == LOADS_NOTHING
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["server"] == "voicedemo"
    assert headers["content-length"] == "0"
    assert body == b""


def test_a_request_that_does_not_arrive(connection: Any, transport: Any, clock: Clock) -> None:
    connection.dataReceived(REQUEST + b"Content-Length: 5\r\n\r\nhel")
    assert transport.value() == b""
    clock.advance(door.REQUEST_S)
    assert_is_safe(transport.value(), 408)
    assert transport.disconnecting


def test_a_body_that_is_too_long(connection: Any, transport: Any) -> None:
    connection.dataReceived(REQUEST + b"Content-Length: 99999\r\n\r\n")
    assert_is_safe(transport.value(), 413)


def test_no_http(connection: Any, transport: Any) -> None:
    connection.dataReceived(b"hello\r\n\r\n")
    assert_is_safe(transport.value(), 400)
    assert transport.disconnecting


def test_an_application_that_fails(connection: Any, transport: Any) -> None:
    connection.dataReceived(REQUEST + b"Content-Length: 0\r\n\r\n")
    assert_is_safe(transport.value(), 500)


def test_a_public_url_with_https_asks_for_https(
    connection: Any, transport: Any, settings: Any
) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    connection.dataReceived(REQUEST + b"Content-Length: 99999\r\n\r\n")
    assert b"Strict-Transport-Security: max-age=60\r\n" in transport.value()
