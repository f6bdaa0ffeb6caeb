"""Show the page in each of its states: ``python -m tests.e2e.states FOLDER`` takes pictures."""

import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, overload

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from voicedemo import settings

from .caller import launch
from .firefox import Firefox, Tab
from .server import Server

LANGUAGES: Final = [code for code, _ in settings.LANGUAGES]
SCREENS: Final[tuple[ViewportSize, ...]] = (
    {"width": 320, "height": 568},
    {"width": 360, "height": 740},
    {"width": 740, "height": 360},
    {"width": 768, "height": 1024},
    {"width": 1280, "height": 800},
)
STATES: Final = (
    ("idle", ""),
    ("idle", "rejoin"),
    ("asking-mic", ""),
    ("waiting", ""),
    ("connecting", ""),
    ("connected", ""),
    ("recovering", "path_lost"),
    ("ended", "hangup"),
    ("ended", "time_limit"),
    ("failed", "mic_denied"),
    ("failed", "in_app_browser"),
    ("failed", "network_blocked"),
    ("failed", "relay_down"),
    ("failed", "bad_offer"),
)
CAPTION: Final = (
    "Hello! I am the voice demo. Please say something, and I will repeat it back to you."
)
SHOW: Final = """
async ([state, reason, caption]) => {
  const { ui, verdictLine } = await import(document.querySelector('script[type=module]').src);
  ui.show({ state, reason, renewed: false });
  if (state === 'waiting') ui.state.showPlace(23);
  ui.state.showCaption(state === 'connected' ? caption : '');
  const poor = { grade: 'poor', rttMs: 1238, lossPercent: 12.5, interruptions: 12 };
  const { lang } = document.documentElement;
  if (state === 'ended') ui.state.tell(verdictLine(poor, 'cellular', lang));
  const atStand = ['bad_offer', 'time_limit'].includes(reason);
  if (atStand) document.body.dataset.stand = '/stand/';
  else delete document.body.dataset.stand;
  ui.countdown.show(atStand ? 15 : null);
  await document.fonts.ready;
}
"""
CHECKED: Final = """
async ([code, rows]) => {
  const { lines, page } = await import(document.querySelector('script[type=module]').src);
  if (!code) page.begin();
  page.question.hidden = Boolean(code);
  for (const row of rows) lines.done(row);
  if (code) page.end(code);
  if (code) page.showCode('ABC234');
}
"""
FINDINGS: Final = {
    "browser": ["browser_fine", "in_app_browser"],
    "microphone": ["mic_good", "mic_muted", "mic_denied", "mic_silent"],
    "loudspeaker": ["speaker_heard", "speaker_unheard", "speaker_unanswered"],
    "server": ["server_fine", "server_unreachable"],
    "network": ["net_cone", "net_symmetric", "net_hidden", "net_unknown"],
    "direct": ["way_works", "way_blocked", "way_silent"],
    "udp": ["way_works", "way_refused", "way_unset"],
    "tcp": ["way_works", "way_no_relay"],
    "tls": ["way_works", "busy"],
    "ice-tcp": ["way_works", "way_blocked"],
}
VERDICTS: Final = ("fine_direct", "fine_detour", "poor", "microphone", "network_blocked", "")
"""The last, empty one stands for a self-test that is under way."""
DATA: Final = {"ms": 38, "rtt": 238, "loss": 12.5, "mos": 3.4}
FAMILIES: Final = {"families": "IPv4 + IPv6"}
BRAND: Final = {"VOICEDEMO_NAME": "Acme", "VOICEDEMO_CONTACT_URL": "https://example.com/"}


@overload
def open_page(browser: Browser, server: Server, language: str, **options: Any) -> Page: ...
@overload
def open_page(browser: Firefox, server: Server, language: str, **options: Any) -> Tab: ...
def open_page(
    browser: Browser | Firefox, server: Server, language: str, **options: Any
) -> Page | Tab:
    """Open the page in a language, once it is idle."""
    page = browser.new_context(locale=language, **options).new_page()
    page.goto(server.url)
    page.wait_for_function("() => document.body.dataset.state === 'idle'")
    return page


def each_state(page: Page | Tab) -> Iterator[tuple[str, str]]:
    for state, reason in STATES:
        page.evaluate(SHOW, [state, reason, CAPTION])
        if state == "recovering":  # the page waits a moment before it says so
            page.wait_for_function("() => !document.querySelector('#next-step').matches(':empty')")
        yield state, reason


def each_finding(page: Page | Tab) -> Iterator[str]:
    """Show the self-test with each of its verdicts, and between them each of its findings."""
    for turn, verdict in enumerate(VERDICTS):
        rows = [
            {
                "name": name,
                "found": (found := codes[turn % len(codes)]),
                "status": status(found, turn),
                "data": DATA
                | ({**FAMILIES, "isElsewhere": turn == 1} if name == "network" else {}),
            }
            for name, codes in FINDINGS.items()
        ]
        page.evaluate(CHECKED, [verdict, rows])
        yield verdict or "running"


def status(found: str, turn: int) -> str:
    if turn == 0:
        return "good"
    return "warning" if found in ("way_works", "server_fine", "browser_fine") else "bad"


def take_pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as var, sync_playwright() as playwright:
        server, browser = Server.start(Path(var), **BRAND), launch(playwright)
        try:
            for language, scheme in itertools.product(LANGUAGES, ("light", "dark")):
                page = open_page(browser, server, language, color_scheme=scheme)
                for screen in SCREENS:
                    page.set_viewport_size(screen)
                    for state, reason in each_state(page):
                        name = f"{language}-{scheme}-{screen['width']}-{state}-{reason or 'plain'}"
                        page.screenshot(path=folder / f"{name}.png", animations="disabled")
                page.goto(f"{server.url}check/")
                for screen in SCREENS:
                    page.set_viewport_size(screen)
                    for verdict in each_finding(page):
                        name = f"{language}-{scheme}-{screen['width']}-check-{verdict}"
                        page.screenshot(
                            path=folder / f"{name}.png", animations="disabled", full_page=True
                        )
                page.context.close()
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]))
