"""The server as a process: starting and stopping."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from .caller import Caller
from .server import ROOT, Server

pytestmark = pytest.mark.e2e


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_on_a_signal_with_calls_up(
    browser: Browser, tmp_path: Path, number: signal.Signals
) -> None:
    server = Server.start(tmp_path)
    callers = [Caller(browser, server.url) for _ in range(3)]
    for caller in callers:
        caller.call()
    os.kill(server.process.pid, number)
    assert server.exited(timeout_s=2) == 0
    for caller in callers:
        caller.wait_for("failed", "ended", timeout_s=5)
        assert caller.reason == "server_stopping"
        caller.context.close()


def test_it_stops_at_once_with_requests_and_sockets_on_their_way(tmp_path: Path) -> None:
    """A thread of a middleware waits for the event loop (voicedemo.shutdown)."""
    server = Server.start(tmp_path)
    port = urlsplit(server.url).port
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for connection in connections:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)
    connections[0].recv(1)
    for _ in range(3):
        connections.append(socket.create_connection(("127.0.0.1", port)))
        request = f"GET /ws/call/?ticket=x HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n"
        connections[-1].sendall(request.encode())
    connections[-1].recv(1)
    server.process.terminate()
    assert server.exited(timeout_s=20) == 0
    for connection in connections:
        connection.close()


def test_a_second_server_in_the_folder_leaves_the_first_ones_calls_alone(
    browser: Browser, tmp_path: Path
) -> None:
    first = Server.start(tmp_path)
    caller = Caller(browser, first.url)
    caller.call()
    second = Server.start(tmp_path)
    assert first.metric("voicedemo_calls_live") == 1
    second.stop()
    caller.context.close()
    first.stop()


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "serve", f"--port={port}"],
            cwd=ROOT,
            env={**os.environ, "VOICEDEMO_VAR_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["VOICEDEMO_MAX_CALLS", "VOICEDEMO_HEARTBEAT_S", "PORT"])
def test_a_setting_that_is_no_number_is_named_in_a_sentence(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={**os.environ, "VOICEDEMO_VAR_DIR": str(tmp_path), name: "many"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert name in done.stderr and "docs/settings.md" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_listens_to_both_versions_of_ip(tmp_path: Path, host: str) -> None:
    server = Server.start(tmp_path)
    assert ticket_status(server, host) == 200
    server.stop()


def test_one_network_that_floods_does_not_use_up_the_requests_of_another(tmp_path: Path) -> None:
    server = Server.start(tmp_path)
    while ticket_status(server, "127.0.0.1") == 200:
        pass
    assert ticket_status(server, "127.0.0.2") == 200
    server.stop()


def ticket_status(server: Server, host: str) -> int:
    """Return the status of a request to, and from, this address of the loopback interface."""
    port = urlsplit(server.url).port
    connection = HTTPConnection(host, port, timeout=10, source_address=(host, 0))
    connection.request("GET", "/api/ticket/", headers={"Host": "localhost"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_wrong_settings_stop_it_with_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port=0"],
        cwd=ROOT,
        env={
            **os.environ,
            "VOICEDEMO_VAR_DIR": str(tmp_path),
            "VOICEDEMO_TURN_URLS": "turn:turn.example.com",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "VOICEDEMO_TURN_USERNAME" in done.stderr
    assert "Traceback" not in done.stderr


def test_calls_left_behind_by_a_crash_do_not_take_up_lines(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server.start(tmp_path, VOICEDEMO_MAX_CALLS="1")
    caller = Caller(browser, server.url)
    caller.call()
    server.process.kill()
    server.exited(timeout_s=5)
    caller.context.close()
    server = Server.start(tmp_path, VOICEDEMO_MAX_CALLS="1")
    caller = Caller(browser, server.url)
    caller.call()
    caller.context.close()
    server.stop()


@pytest.mark.alone
def test_a_call_outlives_its_server(browser: Browser, tmp_path: Path) -> None:
    """One process, killed and started again: the page goes on with the call that it was in."""
    server = Server.start(tmp_path)
    caller = Caller(browser, f"{server.url}?voice=echo")
    caller.call()
    caller.wait_for_sound()
    server.process.kill()
    server.exited(timeout_s=5)
    server = Server.start(tmp_path, command=("serve", f"--port={urlsplit(server.url).port}"))
    caller.page.wait_for_function(
        "() => seen.peers.at(-1).connectionState === 'connected' && seen.peers.length === 2"
    )
    caller.wait_for_sound()
    caller.wait_for("connected", timeout_s=5)
    assert caller.page.evaluate("seen.microphones") == 1
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        assert database.execute("select state from calls_call").fetchall() == [("connected",)]
    caller.context.close()
    server.stop()


def test_on_a_full_server_a_caller_waits_in_line_and_enters_by_itself(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server.start(tmp_path, VOICEDEMO_MAX_CALLS="1")
    first, second = Caller(browser, server.url), Caller(browser, server.url)
    first.call()
    second.tap()
    second.wait_for("waiting")
    second.page.wait_for_function(
        "() => document.querySelector('#next-step').textContent.startsWith('You are next.')"
    )
    assert first.state == "connected"
    first.page.click("#end")
    second.wait_for("connected")
    second.wait_for_sound()
    assert second.page.evaluate("seen.microphones") == 1
    for caller in (first, second):
        caller.context.close()
    server.stop()
