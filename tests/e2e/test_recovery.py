"""A call outlives what it runs over."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .caller import Caller
from .server import Server

pytestmark = pytest.mark.e2e

SAME = ("certificate", "srtp", "remoteSsrc", "localSsrc", "channel")


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    server = Server.start(tmp_path)
    yield server
    server.stop()


def test_a_silent_path_is_noticed_at_once_and_the_same_call_goes_on(
    browser: Browser, own_server: Server
) -> None:
    """A stopped server is a network through which nothing passes."""
    caller = Caller(browser, own_server.url + "?voice=echo")
    caller.call()
    caller.page.wait_for_function(
        "() => seen.channel.readyState === 'open' && seen.packets.length > 20"
    )
    before = caller.snapshot()
    os.kill(own_server.process.pid, signal.SIGSTOP)
    try:
        caller.wait_for("recovering", timeout_s=3)
        assert caller.reason == "path_silent"
        caller.page.wait_for_function(
            "() => document.querySelector('#state-line').textContent === 'Reconnecting…'"
        )
    finally:
        os.kill(own_server.process.pid, signal.SIGCONT)
    caller.wait_for("connected")
    received = caller.snapshot()["received"]
    caller.page.wait_for_function("received => seen.packets.length > received + 50", arg=received)
    after = caller.snapshot()
    assert {name: after[name] for name in SAME} == {name: before[name] for name in SAME}
    assert caller.page.evaluate("[seen.peers.length, seen.microphones]") == [1, 1]
    assert caller.complaints == []
    caller.context.close()


def test_the_death_of_the_socket_alone_is_inaudible(browser: Browser, server: Server) -> None:
    caller = Caller(browser, server.url + "?voice=echo")
    caller.call()
    caller.page.wait_for_timeout(3000)  # how regular packets are on this machine, as it is now
    usual_gap_ms = caller.page.evaluate("seen.longestGapSince(0)")
    began = caller.page.evaluate("performance.now()")
    for number in range(2, 7):
        caller.page.evaluate("seen.sockets.at(-1).close()")
        caller.page.wait_for_function("n => seen.sockets.length === n", arg=number)
        caller.page.wait_for_function("() => seen.sockets.at(-1).readyState === 1")
    before = caller.snapshot()
    caller.page.evaluate("seen.peers.at(-1).restartIce()")  # over the new socket
    caller.wait_until_changed(before, "localUfrag", "remoteUfrag", "pair")
    longest_gap_ms = caller.page.evaluate("began => seen.longestGapSince(began)", began)
    assert longest_gap_ms <= max(60, 2 * usual_gap_ms)
    assert caller.snapshot()["lost"] == 0
    assert caller.state == "connected"
    caller.context.close()
