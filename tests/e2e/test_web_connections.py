"""A real server that may have few connections, and somebody who opens more."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from .server import Server

pytestmark = pytest.mark.e2e

DESCRIPTORS = 400
MOST = DESCRIPTORS // 2
"""Connections that the web port may have (:func:`voicedemo.door.most_connections`)."""
STRANGER, VISITOR = "127.0.0.2", "127.0.0.3"
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
UNFINISHED = b"GET /healthz HTTP/1.1\r\nHost: "


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    few = ["prlimit", f"--nofile={DESCRIPTORS}"]
    server = Server.start(tmp_path, prefix=few, VOICEDEMO_BIND="127.0.0.1")
    yield server
    assert server.stop() == 0


def dial(server: Server, address: str) -> socket.socket:
    port = urlsplit(server.url).port or 80
    return socket.create_connection(("127.0.0.1", port), 10, source_address=(address, 0))


@pytest.mark.parametrize("said", [b"", UNFINISHED, GET], ids=["nothing", "little", "a request"])
def test_connections_that_nobody_uses_make_room_for_new_ones(server: Server, said: bytes) -> None:
    with ExitStack() as held:
        visitor = held.enter_context(dial(server, VISITOR))
        visitor.sendall(GET)
        assert b" 200 " in visitor.recv(4096).split(b"\r\n")[0]
        for _ in range(2 * MOST):
            held.enter_context(dial(server, STRANGER)).sendall(said)
        newcomer = held.enter_context(dial(server, VISITOR))
        for one in (newcomer, visitor):
            one.sendall(GET)
            assert b" 200 " in one.recv(4096).split(b"\r\n")[0]


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_connections_that_are_reset_while_they_are_answered_make_room(server: Server) -> None:
    for _ in range(2 * MOST):
        with suppress(ConnectionError):
            stranger = dial(server, STRANGER)
            stranger.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.001)  # the server has begun, and takes some milliseconds
            reset(stranger)
    until = time.monotonic() + 10
    while not is_answered(server) or descriptors(server) > MOST // 2:
        assert time.monotonic() < until


def is_answered(server: Server) -> bool:
    with suppress(ConnectionError), dial(server, VISITOR) as newcomer:
        newcomer.sendall(GET)
        return b" 200 " in newcomer.recv(4096).split(b"\r\n")[0]
    return False


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def test_a_socket_of_a_page_is_in_use(server: Server) -> None:
    url = server.url.replace("http", "ws", 1) + f"ws/call/?ticket={server.ticket()}"
    with connect(url, proxy=None) as page, ExitStack() as held:
        for _ in range(2 * MOST):
            held.enter_context(dial(server, STRANGER))
        assert page.ping().wait(10)
