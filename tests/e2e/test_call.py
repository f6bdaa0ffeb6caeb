"""A real Chromium against the real server: tap, talk, listen, repair, end."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Playwright

from . import sounds
from .caller import Caller, launch
from .firefox import Firefox
from .server import Server

pytestmark = pytest.mark.e2e


@pytest.fixture
def caller(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Caller:
    return Caller(browser, server.url + getattr(request, "param", "?voice=echo"))


@pytest.fixture
def tab(either: Browser | Firefox, server: Server) -> Caller:
    return Caller(either, server.url + "?voice=echo")


@pytest.mark.alone
def test_the_echo_is_what_the_microphone_hears(caller: Caller, phrase: sounds.Sound) -> None:
    caller.call()
    heard = caller.record(2 * len(phrase) / sounds.RATE + 6)
    assert sounds.likeness(phrase, heard) > 0.8
    assert caller.complaints == []


@pytest.mark.alone
def test_the_bot_greets_and_repeats_what_was_said(
    playwright: Playwright, server: Server, phrase: sounds.Sound, tmp_path: Path
) -> None:
    polite = tmp_path / "polite.wav"
    sounds.write_wav(polite, sounds.with_pause(phrase, 9, 9))
    browser = launch(playwright, polite)
    caller = Caller(browser, server.url)
    caller.call()
    heard = caller.receive(packets=25 * 50)
    browser.close()
    greeting, rest = heard[: 7 * sounds.RATE], heard[7 * sounds.RATE :]
    key_words = {"hello", "voice", "demo", "say", "something", "repeat"}
    # The recogniser mishears one now and then, as a person would over a loudspeaker.
    assert len(key_words & sounds.words(greeting)) >= len(key_words) - 1
    assert sounds.likeness(phrase, rest) > 0.8


@pytest.mark.alone
@pytest.mark.parametrize("caller", [""], indirect=True)
def test_who_speaks_into_the_greeting_is_listened_to(caller: Caller, phrase: sounds.Sound) -> None:
    caller.call()
    heard = caller.receive(packets=9 * 50)  # the phrase begins again at 9 s or later
    assert sounds.likeness(phrase, heard) > 0.8


def test_what_the_loudspeaker_says_is_kept_out_of_the_microphone(caller: Caller) -> None:
    caller.call()
    settings = caller.page.evaluate("seen.peers.at(-1).getSenders()[0].track.getSettings()")
    assert settings["echoCancellation"]
    assert settings["noiseSuppression"]


@pytest.mark.alone
def test_an_ice_restart_is_inaudible(caller: Caller) -> None:
    """New ufrags and a new pair under the same DTLS association, data channel and tracks."""
    caller.call()
    caller.page.wait_for_function("() => seen.channel.readyState === 'open'")
    caller.page.wait_for_timeout(3000)  # how regular packets are on this machine, as it is now
    usual_gap_ms = caller.page.evaluate("seen.longestGapSince(0)")
    before = caller.snapshot()
    began = caller.page.evaluate("performance.now()")
    caller.page.evaluate("seen.peers.at(-1).restartIce()")
    caller.wait_until_changed(before, "localUfrag", "remoteUfrag", "pair")
    caller.page.wait_for_timeout(3000)  # the old path is retired meanwhile
    longest_gap_ms = caller.page.evaluate("began => seen.longestGapSince(began)", began)
    after = caller.snapshot()
    for same in ("certificate", "dtlsState", "srtp", "remoteSsrc", "localSsrc", "channel"):
        assert after[same] == before[same], same
    assert after["dtlsState"] == "connected"
    assert after["channel"] == "open"
    assert after["lost"] == before["lost"]
    assert longest_gap_ms <= max(60, 2 * usual_gap_ms)
    assert caller.page.evaluate("seen.microphones") == 1
    assert caller.page.evaluate("seen.peers.length") == 1
    assert caller.state == "connected"


def test_the_developer_can_restart_ice(tab: Caller, server: Server) -> None:
    restarts = 'voicedemo_restarts_total{cause="developer"}'
    up = 'voicedemo_restarts_ended_total{outcome="up"}'
    reported, ended_well = server.metric(restarts), server.metric(up)
    tab.call()
    tab.page.click("#developer summary")
    before = tab.snapshot()
    tab.page.click("#restart-ice")
    tab.wait_until_changed(before, "pair")
    tab.page.wait_for_function(
        "() => document.querySelector('#dev-restarts').textContent.trim() === '1'"
    )
    assert server.wait_for_metric(restarts, reported + 1, 10)
    assert server.metric(up) > ended_well


def test_the_heartbeat_goes_both_ways(tab: Caller) -> None:
    tab.call()
    tab.page.wait_for_function(
        "() => ['pipecat.ping', 'pipecat.pong'].every("
        "  (type) => seen.heard.some((message) => message.type === type))"
    )


@pytest.mark.alone
def test_mute_sends_silence_and_unmute_speech(caller: Caller, phrase: sounds.Sound) -> None:
    caller.call()
    caller.page.click("#mute")
    assert caller.page.get_attribute("#mute", "aria-pressed") == "true"
    caller.page.wait_for_timeout(500)  # what was said before is still in the jitter buffer
    muted = caller.record(len(phrase) / sounds.RATE + 6)
    assert np.abs(muted).max() < 300
    caller.page.click("#mute")
    heard = caller.record(2 * len(phrase) / sounds.RATE + 6)
    assert sounds.likeness(phrase, heard) > 0.8


def test_ending_the_call(tab: Caller) -> None:
    tab.call()
    tab.page.click("#end")
    tab.wait_for("ended")
    tab.page.wait_for_function("() => seen.peers[0].connectionState === 'closed'")


def test_a_second_call_on_the_same_page(tab: Caller) -> None:
    tab.call()
    tab.page.click("#end")
    tab.wait_for("ended")
    tab.call()
    assert tab.page.evaluate("seen.peers.length") == 2


def test_the_page_asks_no_third_party(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.url)
    page.click("#talk")
    page.wait_for_function("() => document.body.dataset.state === 'connected'")
    assert asked and all(url.startswith((server.url, "data:", "blob:")) for url in asked)


@pytest.mark.long  # a minute, as nothing shortens it
def test_a_page_that_was_left_alone_connects_at_the_tap(tab: Caller) -> None:
    tab.page.wait_for_function("() => seen.sockets[0].readyState === 3", timeout=90_000)
    assert (tab.state, tab.page.evaluate("seen.sockets.length")) == ("idle", 1)
    tab.call()
    tab.wait_for_sound()
