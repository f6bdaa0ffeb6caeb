"""When it cannot be: every failure has its code, its sentence and its next step on the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from bot.ice.addresses import host_addresses

from .caller import REFUSE, Caller
from .firefox import Firefox
from .server import Server

pytestmark = pytest.mark.e2e

RELAY_ONLY = """
  const relayOnly = (configuration) => ({ ...configuration, iceTransportPolicy: 'relay' });
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) { super(relayOnly(configuration)); }
    setConfiguration(configuration) { super.setConfiguration(relayOnly(configuration)); }
  };
"""
"""The browser uses relayed candidates only, whatever the page asks for."""

MakeCaller = Callable[..., Caller]


@pytest.fixture
def make_caller(either: Browser | Firefox, server: Server) -> MakeCaller:
    def make(path: str = "", *, url: str = server.url, **options: Any) -> Caller:
        return Caller(either, url + path, **options)

    return make


def explanation(caller: Caller) -> tuple[str, str]:
    return caller.page.inner_text("#state-line"), caller.page.inner_text("#next-step")


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        ("NotAllowedError", "mic_denied", "switched off"),
        ("NotFoundError", "mic_missing", "No microphone"),
        ("NotReadableError", "mic_busy", "Another app"),
    ],
)
def test_a_microphone_that_is_not_to_be_had(
    make_caller: MakeCaller, error: str, code: str, word: str
) -> None:
    caller = make_caller(init_script=REFUSE % error)
    caller.tap()
    caller.wait_for("failed")
    assert caller.reason == code
    sentence, next_step = explanation(caller)
    assert word in sentence and next_step
    assert caller.page.is_visible("#retry")


def test_a_refused_microphone_can_be_allowed_and_tried_again(make_caller: MakeCaller) -> None:
    caller = make_caller(init_script=REFUSE % "NotAllowedError")
    caller.tap()
    caller.wait_for("failed")
    caller.page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia ="
        " MediaDevices.prototype.getUserMedia.bind(navigator.mediaDevices); }"
    )
    caller.page.click("#retry")
    caller.wait_for("connected")


def test_a_plain_http_address_is_said_before_the_tap(
    make_caller: MakeCaller, server: Server
) -> None:
    address = next(a for a in host_addresses() if "." in a and not a.startswith("127."))
    caller = make_caller(url=server.url.replace("localhost", address))
    assert (caller.state, caller.reason) == ("failed", "insecure_origin")
    assert "https://" in explanation(caller)[1]
    caller.tap()
    assert (caller.state, caller.reason) == ("failed", "insecure_origin")


def test_an_in_app_browser_is_told_how_to_get_out(make_caller: MakeCaller) -> None:
    caller = make_caller(
        init_script="""
          const userAgent = 'Mozilla/5.0 (iPhone) AppleWebKit/605 [FBAN/FBIOS;FBAV/500]';
          Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
          Object.defineProperty(navigator, 'userAgent', { value: userAgent });
        """
    )
    assert (caller.state, caller.reason) == ("failed", "in_app_browser")
    assert "Safari or Chrome" in explanation(caller)[1]
    assert caller.page.is_visible("#copy-link")


def test_a_network_that_lets_nothing_through_is_said_within_fifteen_seconds(
    make_caller: MakeCaller,
) -> None:
    caller = make_caller(init_script=RELAY_ONLY)  # and there is no relay
    caller.tap()
    caller.wait_for("connecting")
    caller.wait_for("failed", timeout_s=17)
    assert caller.reason == "network_blocked"
    assert "blocks calls" in explanation(caller)[0]


@pytest.mark.parametrize("way", ["relay", "udp", "tcp", "tls"])
def test_a_relay_that_is_asked_for_and_missing_is_said_at_once(
    make_caller: MakeCaller, way: str
) -> None:
    caller = make_caller(f"?ice={way}")
    caller.tap()
    caller.wait_for("failed", timeout_s=5)
    assert caller.reason == "no_relay"
    sentence, next_step = explanation(caller)
    assert "relay" in sentence and "ice=" in next_step
    assert not caller.page.is_visible("#retry")


def test_unknown_values_in_the_address_are_said_to_developers(make_caller: MakeCaller) -> None:
    slipped = make_caller("?ice=direkt&voice=parott&debug")
    said = slipped.page.inner_text("#dev-slips")
    assert "?ice=direkt is unknown: using any way. Known: all, direct," in said
    assert "?voice=parott is unknown: using the server’s voice. Known: echo, parrot," in said
    assert not make_caller("?ice=direct&voice=parrot&debug").page.is_visible("#dev-slips")


def test_a_server_that_is_gone_is_said_too(either: Browser | Firefox, tmp_path: Path) -> None:
    server = Server.start(tmp_path)
    caller = Caller(either, server.url)
    server.stop()
    caller.tap()
    caller.wait_for("failed", timeout_s=17)
    assert caller.reason == "server_unreachable"


def test_a_phone_without_a_network_is_told_so_at_once(make_caller: MakeCaller) -> None:
    caller = make_caller(
        init_script="Object.defineProperty(navigator, 'onLine', { get: () => !window.isGone });"
    )
    caller.page.evaluate("() => { window.isGone = true; }")
    caller.tap()
    caller.wait_for("failed")
    assert caller.reason == "offline"
    assert "offline" in explanation(caller)[0]
    caller.page.evaluate("() => { window.isGone = false; }")
    caller.page.click("#retry")
    caller.wait_for("connected")


def test_who_is_muted_is_told_so(make_caller: MakeCaller) -> None:
    caller = make_caller()
    caller.call()
    caller.page.click("#mute")
    assert explanation(caller)[1] == "You are muted."
    caller.page.click("#mute")
    assert explanation(caller)[1] == ""


def test_closing_the_tab_frees_the_call(make_caller: MakeCaller, server: Server) -> None:
    caller = make_caller()
    caller.call()
    live = server.metric("voicedemo_calls_live")
    caller.page.close(run_before_unload=True)
    assert server.wait_for_metric("voicedemo_calls_live", live - 1, timeout_s=10)


def test_everything_can_be_done_from_the_keyboard(make_caller: MakeCaller) -> None:
    caller = make_caller()
    keyboard = caller.page.keyboard
    focused = "() => document.activeElement.id"
    keyboard.press("Tab")
    assert caller.page.evaluate(focused) == "talk"
    keyboard.press("Enter")
    caller.wait_for("connected")
    keyboard.press("Tab")
    assert caller.page.evaluate(focused) == "mute"
    keyboard.press("Space")
    assert caller.page.get_attribute("#mute", "aria-pressed") == "true"
    keyboard.press("Tab")
    keyboard.press("Enter")
    caller.wait_for("ended")
    assert caller.page.evaluate(focused) == "talk"


def test_nothing_moves_when_the_state_changes(make_caller: MakeCaller) -> None:
    caller = make_caller(viewport={"width": 360, "height": 740})
    where = (
        "() => ['talk', 'mute', 'end', 'developer'].map("
        "  (id) => document.getElementById(id).getBoundingClientRect().top)"
    )
    before = caller.page.evaluate(where)
    caller.call()
    assert caller.page.evaluate(where) == before
    caller.page.click("#end")
    caller.wait_for("ended")
    assert caller.page.evaluate(where) == before


@pytest.mark.parametrize("width", [320, 360, 768])
def test_nothing_is_wider_than_the_screen(make_caller: MakeCaller, width: int) -> None:
    caller = make_caller("?debug", viewport={"width": width, "height": 740})
    caller.call()
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert caller.page.evaluate(overflow) <= 0
