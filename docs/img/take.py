"""The pictures in the README: ``python -m docs.img.take`` writes them here, from the real pages."""

import base64
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from tests.e2e import sounds
from tests.e2e.caller import Caller, launch
from tests.e2e.server import Server
from tests.e2e.states import CAPTION, CHECKED, SHOW

HERE: Final = Path(__file__).parent
PHONE: Final = {"viewport": {"width": 360, "height": 740}, "locale": "en"}
TALL: Final = {"viewport": {"width": 360, "height": 1300}, "locale": "en"}
SHEET: Final = """
<body style="margin: 0; display: flex; gap: 16px; background: #8a9096; align-items: flex-start">
  %s
</body>
"""

SHOWS: Final = "said => document.querySelector('#caption').textContent.includes(said)"
BOTH_SPEAK: Final = """
() => ['you', 'bot'].every((who) =>
  Number(document.querySelector(`#level-${who}`).style.getPropertyValue('--level')) > 0.4)
"""

GOOD: Final = {"browser": "browser_fine", "microphone": "mic_good", "loudspeaker": "speaker_heard"}
WORKS: Final = ("direct", "udp", "tcp", "tls", "ice-tcp")


def found(name: str, code: str, status: str = "good", **data: Any) -> dict[str, Any]:
    return {"name": name, "found": code, "status": status, "data": data}


def open_network() -> list[dict[str, Any]]:
    """A home router: every way works."""
    ways = {name: {"rtt": 38 + 7 * turn, "loss": 0, "mos": 4.4} for turn, name in enumerate(WORKS)}
    return [
        *(found(name, code) for name, code in GOOD.items()),
        found("server", "server_fine", ms=34),
        found("network", "net_cone", families="IPv4 + IPv6", isElsewhere=False),
        *(found(name, "way_works", **data) for name, data in ways.items()),
    ]


def strict_network() -> list[dict[str, Any]]:
    """A firewall that lets nothing but TLS out."""
    return [
        *(found(name, code) for name, code in GOOD.items()),
        found("server", "server_fine", ms=34),
        found("network", "net_unknown", "warning", families="", isElsewhere=False),
        found("direct", "way_blocked", "bad"),
        found("udp", "way_no_relay", "bad"),
        found("tcp", "way_no_relay", "bad"),
        found("tls", "way_works", rtt=58, loss=0.2, mos=4.3),
        found("ice-tcp", "way_blocked", "bad"),
    ]


def calls(browser: Browser, url: str) -> list[bytes]:
    """Before a call, during one in light and dark, after one, and a failure."""
    return [
        _state(browser, url, "light", "idle", ""),
        _talking(browser, f"{url}?voice=parrot", "light", CAPTION),
        _talking(browser, f"{url}?voice=echo", "dark", ""),
        _ended(browser, f"{url}?voice=echo"),
        _state(browser, url, "light", "failed", "network_blocked"),
    ]


def _state(browser: Browser, url: str, scheme: str, state: str, reason: str) -> bytes:
    tab = Caller(browser, url, color_scheme=scheme, **PHONE)
    tab.page.evaluate(SHOW, [state, reason, CAPTION])
    return _taken(tab)


def _talking(browser: Browser, url: str, scheme: str, caption: str) -> bytes:
    tab = Caller(browser, url, color_scheme=scheme, **PHONE)
    tab.call()
    if caption:
        tab.page.wait_for_function(SHOWS, arg=caption[:5])
    tab.page.wait_for_function(BOTH_SPEAK)
    return _taken(tab)


def _ended(browser: Browser, url: str) -> bytes:
    tab = Caller(browser, url, color_scheme="dark", **PHONE)
    tab.call()
    tab.wait_for_sound()
    tab.page.wait_for_timeout(3000)
    tab.page.click("#end")
    tab.wait_for("ended")
    return _taken(tab)


def checks(browser: Browser, url: str) -> list[bytes]:
    """Before the self-test, and what it found in two networks."""
    return [
        _check(browser, url, "light", None, []),
        _check(browser, url, "light", "fine_direct", open_network()),
        _check(browser, url, "light", "fine_detour", strict_network()),
        _check(browser, url, "dark", "fine_detour", strict_network()),
    ]


def _check(
    browser: Browser, url: str, scheme: str, verdict: str | None, rows: list[dict[str, Any]]
) -> bytes:
    tab = Caller(browser, f"{url}check/", color_scheme=scheme, **TALL)
    if verdict:
        tab.page.evaluate(CHECKED, [verdict, rows])
        tab.page.evaluate("document.activeElement.blur()")
    return _taken(tab)


def _taken(tab: Caller) -> bytes:
    picture = tab.page.screenshot(animations="disabled")
    tab.context.close()
    return picture


def write_sheet(browser: Browser, name: str, pictures: list[bytes]) -> None:
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        for picture in pictures
    )
    page = browser.new_page(viewport={"width": len(pictures) * 376 - 16, "height": 100})
    page.set_content(SHEET % images)
    page.evaluate("() => Promise.all([...document.images].map((image) => image.decode()))")
    page.screenshot(path=HERE / name, full_page=True)
    page.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        microphone = Path(folder) / "phrase.wav"
        phrase = sounds.spoken("the quick brown fox jumps over the lazy dog")
        sounds.write_wav(microphone, sounds.with_pause(phrase, 0.2, 0.3))
        server, browser = Server.start(Path(folder)), launch(playwright, microphone)
        try:
            write_sheet(browser, "call.png", calls(browser, server.url))
            write_sheet(browser, "check.png", checks(browser, server.url))
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
