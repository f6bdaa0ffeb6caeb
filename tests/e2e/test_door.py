"""What strangers send to the web port of a real server. No browser takes part."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from pages.render.headers import LOADS_NOTHING

from .server import Server

pytestmark = pytest.mark.e2e

MB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server.start(tmp_path_factory.mktemp("door"), VOICEDEMO_BIND="127.0.0.1")
    yield server
    assert server.stop() == 0


def memory(server: Server) -> int:
    """The resident memory of the server in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def dial(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection(("127.0.0.1", address.port or 80), timeout=10)


def pour(stranger: socket.socket, chunk: bytes, total: int) -> int:
    """Send until ``total`` bytes are gone or the server has had enough; returns how many."""
    sent = 0
    try:
        while sent < total:
            sent += stranger.send(chunk)
    except OSError:
        pass
    return sent


def response(stranger: socket.socket) -> bytes:
    """What the server has said until it closed the connection."""
    said = b""
    try:
        while piece := stranger.recv(65536):
            said += piece
    except ConnectionError:
        pass
    return said


HEAD = b"POST /healthz HTTP/1.1\r\nHost: localhost\r\n"


def test_a_body_of_200_mb_is_refused_by_its_length(server: Server) -> None:
    before = memory(server)
    with dial(server) as stranger:
        stranger.sendall(HEAD + b"Content-Length: 209715200\r\n\r\n")
        pour(stranger, b"x" * 65536, 200 * MB)
        assert b"413" in response(stranger).split(b"\r\n")[0]
    assert memory(server) - before < 10 * MB


def test_a_chunked_body_is_refused_as_it_grows(server: Server) -> None:
    before = memory(server)
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    with dial(server) as stranger:
        stranger.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = pour(stranger, chunk, 200 * MB)
        assert b"413" in response(stranger).split(b"\r\n")[0]
    assert sent < 10 * MB
    assert memory(server) - before < 10 * MB


def test_the_largest_honest_body_arrives(server: Server) -> None:
    with dial(server) as page:
        page.sendall(HEAD.replace(b"/healthz", b"/api/check/") + b"Connection: close\r\n")
        page.sendall(b"Content-Length: 8192\r\n\r\n" + b"x" * 8192)
        assert b"400" in response(page).split(b"\r\n")[0]


def open_socket(server: Server) -> ClientConnection:
    return connect(
        server.url.replace("http", "ws", 1) + f"ws/call/?ticket={server.ticket()}",
        compression="deflate",
        max_queue=None,
        proxy=None,
    )


def test_a_socket_does_not_inflate(server: Server) -> None:
    with open_socket(server) as page:
        assert "Sec-WebSocket-Extensions" not in (page.response.headers if page.response else {})


def test_a_frame_of_4_mb_ends_its_socket(server: Server) -> None:
    before = memory(server)
    with open_socket(server) as stranger, pytest.raises(ConnectionClosed):
        stranger.send("x" * 4 * MB)
        while True:
            stranger.recv(timeout=10)
    assert memory(server) - before < 10 * MB


def test_unfinished_messages_hold_little(server: Server) -> None:
    before = memory(server)
    with ExitStack() as stack:
        for _ in range(20):
            stranger = stack.enter_context(open_socket(server))
            # A text frame of 1 MB that is not the last of its message (RFC 6455, 5.2).
            frame = bytes([0x01, 0x80 | 127]) + (MB).to_bytes(8) + bytes(4)
            pour(stranger.socket, frame, len(frame))
            pour(stranger.socket, bytes(65536), MB)
        assert memory(server) - before < 20 * MB


def test_a_flood_of_messages_is_stopped(server: Server) -> None:
    before = memory(server)
    began = time.monotonic()
    sent = 0
    with open_socket(server) as stranger, pytest.raises(ConnectionClosed):
        while sent < 300 * MB:
            stranger.send('{"type":"ping","at":1,"x":"' + "x" * 60_000 + '"}')
            sent += 60_000
    assert sent < 30 * MB, f"{sent} bytes in {time.monotonic() - began:.0f} s"
    assert memory(server) - before < 10 * MB


@pytest.mark.long
def test_a_page_that_never_reads_is_dropped_before_it_fills_the_memory(server: Server) -> None:
    """Pings of the WebSocket protocol are answered by the server, and nobody takes the answers."""
    before = memory(server)
    ping = bytes([0x89, 0x80 | 125]) + bytes(4) + bytes(125)
    with open_socket(server) as stranger:
        stranger.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sent = pour(stranger.socket, ping * 500, 50 * MB)
    assert sent < 50 * MB
    assert memory(server) - before < 10 * MB


def requests(server: Server, count: int) -> bytes:
    """So many requests for the largest file that we serve, to be sent at once (RFC 9112, 9.3.2)."""
    script = re.search(r'src="(/static/[^"]+)"', server.get(""))
    assert script
    return f"GET {script[1]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * count


def test_answers_that_nobody_reads_are_not_made(server: Server) -> None:
    before = memory(server)
    with ExitStack() as stack:
        for _ in range(5):
            stranger = stack.enter_context(dial(server))
            stranger.sendall(requests(server, 1000))
        until = time.monotonic() + 5
        while time.monotonic() < until:
            assert server.get("healthz")
            assert memory(server) - before < 20 * MB


def test_requests_that_are_sent_at_once_are_answered_as_they_are_read(server: Server) -> None:
    with dial(server) as stranger:
        stranger.sendall(requests(server, 200))
        stranger.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert response(stranger).count(b"HTTP/1.1 200 ") == 201


def test_a_root_path_is_ours_to_set(server: Server) -> None:
    with dial(server) as stranger:
        stranger.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Daphne-Root-Path: /healthz\r\n\r\n"
        )
        assert b"200" in response(stranger).split(b"\r\n")[0]


def test_a_socket_for_another_host_is_refused(server: Server) -> None:
    with dial(server) as stranger:
        stranger.sendall(
            b"GET /ws/call/ HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b"403" in stranger.recv(4096).split(b"\r\n")[0]


POST = b"POST /healthz HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
SOCKET = (
    b"GET /ws/call/ HTTP/1.1\r\nHost: %b\r\nOrigin: http://%b\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: %b\r\n\r\n"
)
NOWHERE = SOCKET.replace(b"/ws/call/", b"/ws/nowhere/")
EIGHT_BIT = SOCKET.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: ticket.\xe9\r\n\r\n") % (
    b"localhost", b"localhost", b"13",
)  # fmt: skip
NOT_FROM_A_VIEW = {
    "a body that is too long": (413, POST + b"Content-Length: 209715200\r\n\r\n"),
    "a body that grows": (413, POST + b"Transfer-Encoding: chunked\r\n\r\n8000\r\n" + b"x" * 32768),
    "no HTTP": (400, b"hello\r\n\r\n"),
    "a header without a name": (400, GET + b": x\r\n\r\n"),
    "a header with a zero byte": (400, GET + b"X-Name: \x00\r\n\r\n"),
    "a path of other characters": (400, GET.replace(b"healthz", b"\xff") + b"\r\n"),
    "a host that is not ours": (400, GET.replace(b"localhost", b"evil.example") + b"\r\n"),
    "a socket of another host": (403, SOCKET % (b"evil.example", b"evil.example", b"13")),
    "a socket where there is none": (403, NOWHERE % (b"localhost", b"localhost", b"13")),
    "a socket with a protocol that is not ASCII": (400, EIGHT_BIT),
    "a socket of another version": (400, SOCKET % (b"localhost", b"localhost", b"99")),
    "a static file": (200, GET.replace(b"healthz", b"static/img/icon.svg") + b"\r\n"),
    "a static file that is not there": (404, GET.replace(b"healthz", b"static/nowhere") + b"\r\n"),
    "the state": (200, GET + b"\r\n"),
    "the figures": (200, GET.replace(b"healthz", b"metrics") + b"\r\n"),
}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose public URL is HTTPS."""
    settings = {"VOICEDEMO_PUBLIC_URL": "https://localhost", "ALLOWED_HOSTS": "localhost"}
    server = Server.start(tmp_path_factory.mktemp("public"), **settings)
    yield server
    server.stop()


@pytest.mark.parametrize("name", NOT_FROM_A_VIEW)
def test_every_answer_has_the_security_headers(public: Server, name: str) -> None:
    """Also those of Twisted, Daphne, Autobahn and WhiteNoise. None tells a version or a fault."""
    status, request = NOT_FROM_A_VIEW[name]
    with dial(public) as stranger:
        stranger.sendall(request)
        head, _, body = response(stranger).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines), "no header comes twice"
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["server"] == "voicedemo"
    if "html" in headers.get("content-type", ""):
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
    else:
        assert headers["content-security-policy"] == LOADS_NOTHING
    assert not re.search(rb"Traceback|Exception|Daphne|Twisted|Autobahn", body)
