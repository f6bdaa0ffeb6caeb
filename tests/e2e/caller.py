"""A person with a browser, who opens the page, taps, talks and listens."""

import base64
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from bot.media import opus

from .firefox import Context, Firefox, Tab
from .sounds import Sound

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
OBSERVE = (Path(__file__).parent / "observe.js").read_text()

REFUSE = """
navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException('no', '%s');
};
"""
"""A script for the page. The microphone is refused; %s is the name of the error."""

DRAW_RARELY = """
window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 200);
"""
"""A script for tests that look at no picture. Drawing is half of a call's CPU time."""


def chromium() -> str:
    return next(found for name in CHROMIUM if (found := shutil.which(name)))


def launch(
    playwright: Playwright,
    microphone: Path | None = None,
    *,
    program: Path | None = None,
    flags: Sequence[str] = (),
) -> Browser:
    """Start Chromium.

    :param microphone: a recording that it plays again and again as its microphone; None: beeps.
    :param program: what to run instead, such as a script that starts Chromium elsewhere.
    """
    flags = [*FLAGS, *flags]
    if microphone:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    return playwright.chromium.launch(executable_path=program or chromium(), args=flags)


def process_of(browser: Browser | Firefox) -> int:
    """Return the process id of a browser on this machine."""
    if isinstance(browser, Firefox):
        return browser.process_id
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return next(process["id"] for process in processes if process["type"] == "browser")


class Caller:
    """One tab."""

    def __init__(
        self, browser: Browser | Firefox, url: str, *, init_script: str = "", **context: Any
    ) -> None:
        self.browser = browser
        self.url = url
        self.context: BrowserContext | Context = browser.new_context(**context)
        self.context.add_init_script(OBSERVE + init_script)
        self.page: Page | Tab = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        self.page.goto(url)
        self.wait_for("idle", "failed")

    @property
    def state(self) -> str | None:
        return self.page.evaluate("document.body.dataset.state")

    @property
    def reason(self) -> str | None:
        return self.page.evaluate("document.body.dataset.reason")

    def wait_for(self, *states: str, timeout_s: float = 20) -> None:
        self.page.wait_for_function(
            "states => states.includes(document.body.dataset.state)",
            arg=list(states),
            timeout=timeout_s * 1000,
        )

    def tap(self) -> None:
        self.page.click("#talk")

    def call(self) -> None:
        self.tap()
        self.wait_for("connected", "failed")
        assert self.state == "connected", self.reason

    def snapshot(self) -> dict[str, Any]:
        return self.page.evaluate("seen.snapshot()")

    def wait_until_changed(self, before: dict[str, Any], *names: str) -> None:
        """Wait until each of these statistics has a value that differs from before."""
        changed = self.page.evaluate(
            """([before, names]) => seen.until(
              (now) => names.every((n) => now[n] !== undefined && now[n] !== before[n]))""",
            [before, list(names)],
        )
        assert changed, (names, before, self.snapshot())

    def wait_for_sound(self, timeout_s: float = 30) -> None:
        """Wait until packets have been arriving for a second as they should, every 20 ms."""
        self.page.wait_for_function(
            "() => seen.inLast(1000) >= 40", timeout=timeout_s * 1000, polling=100
        )

    def wait_for_silence(self) -> None:
        self.page.wait_for_function("() => seen.inLast(300) === 0", polling=50)

    def protocol(self) -> str:
        """Return how the page reaches the bot, or its relay: udp, tcp or tls."""
        return self.page.evaluate("seen.protocol()")

    def wait_for_protocol(self, protocol: str, timeout_s: float = 30) -> None:
        reached = self.page.evaluate(
            "([protocol, ms]) => seen.reaches(protocol, ms)", [protocol, timeout_s * 1000]
        )
        assert reached, (protocol, self.protocol())

    def receive(self, packets: int) -> Sound:
        """Return the first ``packets`` of the call, decoded. There are 50 in a second."""
        self.page.wait_for_function(
            "packets => seen.packets.length >= packets", arg=packets, timeout=packets * 20 + 20_000
        )
        received = self.page.evaluate("() => seen.packetsFrom(0)")
        return opus.decode(map(base64.b64decode, received)).astype(np.float64)

    def record(self, seconds: float) -> Sound:
        """Return what comes out of the loudspeaker for the next ``seconds``."""
        self.start_recording(seconds)
        return self.recording()

    def start_recording(self, seconds: float) -> None:
        self.page.evaluate("s => { window.recording = seen.record(s); }", seconds)

    def recording(self) -> Sound:
        """Wait for the recording that was started, and return it."""
        samples = base64.b64decode(self.page.evaluate("window.recording"))
        return np.frombuffer(samples, "<i2").astype(np.float64)
