"""A phone takes the microphone away from a call, and gives it back."""

import pytest
from playwright.sync_api import Browser

from .caller import Caller
from .firefox import Firefox
from .server import Server

pytestmark = pytest.mark.e2e

LOSE = """
() => {
  const [sender] = seen.peers.at(-1).getSenders();
  window.before = sender.track;
  before.stop();
  before.dispatchEvent(new Event('ended'));
}
"""
"""Ends a track as an unplugged headset does (docs/browsers.md#no-ended-event)."""
REPLACED = "() => seen.peers.at(-1).getSenders()[0].track !== before"


@pytest.fixture
def caller(either: Browser | Firefox, server: Server) -> Caller:
    caller = Caller(either, server.url + "?voice=echo&debug")
    caller.call()
    return caller


@pytest.mark.alone
def test_a_headset_that_is_unplugged_does_not_end_the_talk(caller: Caller) -> None:
    caller.wait_for_sound()
    caller.page.evaluate(LOSE)
    caller.page.wait_for_function(REPLACED)
    energy = caller.snapshot()["energy"]
    assert caller.page.evaluate("energy => seen.until((now) => now.energy > energy + 1e-4)", energy)
    assert caller.state == "connected"
    assert caller.page.inner_text("#dev-restarts") == "0"
    assert caller.page.evaluate("seen.peers.length") == 1


def test_muted_it_stays_muted_with_another_microphone(caller: Caller) -> None:
    caller.wait_for_sound()
    caller.page.click("#mute")
    caller.page.evaluate(LOSE)
    caller.page.wait_for_function(REPLACED)
    assert caller.page.evaluate("seen.peers.at(-1).getSenders()[0].track.enabled") is False
    assert caller.page.get_attribute("#mute", "aria-pressed") == "true"
