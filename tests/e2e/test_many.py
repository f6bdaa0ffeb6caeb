"""Ten calls at once, and what is left when their tabs are killed."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from . import caller as callers
from . import sounds
from .caller import Caller
from .server import Server

pytestmark = pytest.mark.e2e

TABS = 10
DATABASE_FILES = 18
"""Three a connection: of four threads for sockets, one for the bot's records, one for upkeep."""
MICROPHONE = """
window.fakeMicrophone = () => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const out = context.createMediaStreamDestination();
  tone.frequency.value = %d;
  tone.connect(out);
  tone.start();
  return out.stream;
};
"""


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server nobody else uses: its threads, files and tasks are counted."""
    server = Server.start(tmp_path)
    yield server
    server.stop()


def settled(server: Server, wanted: dict[str, int], timeout_s: float) -> dict[str, int]:
    """The server's resources once they are down to ``wanted``, or at the end of the time."""
    deadline = time.monotonic() + timeout_s
    while True:
        now = server.resources()
        if all(now[name] <= wanted[name] for name in wanted) or time.monotonic() > deadline:
            return now
        time.sleep(0.2)


def one_call(browser: Browser, server: Server) -> None:
    caller = Caller(browser, server.url)
    caller.call()
    caller.page.click("#end")
    caller.wait_for("ended")


def kill(process: int) -> None:
    """SIGKILL to a browser and all its children, as a phone kills an app."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    os.kill(process, signal.SIGKILL)
    for child in children:
        kill(int(child))


@pytest.mark.alone
def test_ten_calls_at_once_and_nothing_left_when_they_are_killed(
    playwright: Playwright, own_server: Server
) -> None:
    browser = callers.launch(playwright)
    one_call(browser, own_server)  # what is made once, with the first call, is there from here on
    browser.close()
    quiet = settled(own_server, {"files": 0}, timeout_s=4) | {"database": DATABASE_FILES}

    browser = callers.launch(playwright)
    pitches = [300 + 50 * number for number in range(TABS)]
    url = own_server.url + "?voice=echo"
    tabs = [Caller(browser, url, init_script=MICROPHONE % pitch) for pitch in pitches]
    for tab in tabs:
        tab.tap()
    for tab in tabs:
        tab.wait_for("connected", timeout_s=30)
    assert own_server.metric("voicedemo_calls_live") == TABS
    for tab in tabs:
        tab.start_recording(2)
    heard = [sounds.pitch(tab.recording()[sounds.RATE // 2 :]) for tab in tabs]
    assert heard == pytest.approx(pitches, abs=3)

    kill(callers.process_of(browser))
    assert own_server.wait_for_metric("voicedemo_calls_live", 0, timeout_s=10)
    after = settled(own_server, quiet, timeout_s=15)
    assert all(after[name] <= quiet[name] for name in quiet), (quiet, after)
