"""A call outlives what it runs over."""

import pytest
from playwright.sync_api import Browser

from .caller import Caller
from .firefox import Firefox
from .server import Server

pytestmark = pytest.mark.e2e

SAME = ("certificate", "srtp", "remoteSsrc", "localSsrc", "channel")


@pytest.mark.alone
def test_the_death_of_the_socket_alone_is_inaudible(
    either: Browser | Firefox, server: Server
) -> None:
    caller = Caller(either, server.url + "?voice=echo")
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


def reloaded_in_a_call(either: Browser | Firefox, server: Server) -> tuple[Caller, str]:
    """A page that was reloaded while it was talking, and the id of its call."""
    caller = Caller(either, server.url + "?voice=echo&debug")
    caller.call()
    caller.wait_for_sound()
    call_id = caller.page.inner_text("#dev-call")
    caller.page.reload()
    return caller, call_id


def test_a_reloaded_page_goes_back_to_its_call(either: Browser | Firefox, server: Server) -> None:
    caller, call_id = reloaded_in_a_call(either, server)
    caller.wait_for("idle")
    assert caller.reason == "rejoin"
    assert "still open" in caller.page.inner_text("#state-line")
    caller.call()
    caller.wait_for_sound()
    assert caller.page.inner_text("#dev-call") == call_id
    assert caller.complaints == []


def test_a_reloaded_page_may_start_another_call(either: Browser | Firefox, server: Server) -> None:
    caller, call_id = reloaded_in_a_call(either, server)
    caller.page.click("#fresh-call")
    caller.wait_for("connected", "failed")
    caller.wait_for_sound()
    assert caller.page.inner_text("#dev-call") != call_id
