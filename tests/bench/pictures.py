"""Measures how many pictures of the voices a slow phone draws each second during a call.

Run it with ``python -m tests.bench.pictures``. The screen shows sixty. The echo answers, so both
rings move.
"""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e import caller, sounds
from tests.e2e.server import Server

SLOWER: Final = (1, 4, 6)
"""How much slower the CPU is made: Lighthouse takes 4 for a mid-range phone, 6 for a cheap one."""
SECONDS: Final = 5

COUNT: Final = """
const clear = CanvasRenderingContext2D.prototype.clearRect;
window.pictures = 0;
CanvasRenderingContext2D.prototype.clearRect = function (...area) {
  window.pictures += 1;
  return clear.apply(this, area);
};
"""
"""Counts pictures: each begins by clearing the canvas."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        speech = Path(folder) / "speech.wav"
        sounds.write_wav(speech, sounds.spoken("the quick brown fox jumps over the lazy dog"))
        server = Server.start(Path(folder))
        browser = caller.launch(playwright, speech)
        try:
            for slower in SLOWER:
                print(f"processor / {slower}: {drawn(browser, server, slower):3.0f} a second")
        finally:
            browser.close()
            server.stop()


def drawn(browser: Browser, server: Server, slower: int) -> float:
    """Return the number of pictures drawn each second."""
    phone = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 3}
    tab = caller.Caller(browser, f"{server.url}?voice=echo", init_script=COUNT, **phone)
    page = tab.page
    assert isinstance(page, Page)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    tab.call()
    tab.wait_for_sound()
    page.wait_for_timeout(2000)
    before, began = page.evaluate("[window.pictures, performance.now()]")
    page.wait_for_timeout(SECONDS * 1000)
    after, ended = page.evaluate("[window.pictures, performance.now()]")
    tab.context.close()
    return 1000 * (after - before) / (ended - began)


if __name__ == "__main__":
    main()
