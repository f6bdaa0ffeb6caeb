"""Measures how long a phone on slow 4G waits for the page, and until a tap makes a call.

Run it with ``python -m tests.bench.tap`` as root. The network has a round trip of 150 ms and
1.6 Mbit/s, and the CPU is four times slower. Lighthouse calls that slow 4G; here packets are real.
"""

import statistics
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.natlab.lab import TWO_UPLINKS, Lab
from tests.natlab.phone import open_browser, product

ROUND_TRIP_S: Final = 0.150
RATE: Final = 1.6e6
SLOWER: Final = 4
RUNS: Final = 11

READY = """
addEventListener('DOMContentLoaded', () => {
  const talk = document.querySelector('#talk');
  const look = () => {
    if (talk.ariaDisabled !== 'true' && document.body.dataset.state === 'idle') {
      window.ready ??= performance.now();
    }
  };
  new MutationObserver(look).observe(document.body, { attributes: true, subtree: true });
  look();
});
"""
"""Notes when a tap is possible, by the button and state that ``main.js`` sets."""


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        closing(Lab(TWO_UPLINKS, Path(folder))) as lab,
        product(lab, Path(folder)),
    ):
        _measure(playwright, lab, Path(folder))


def _measure(playwright: Playwright, lab: Lab, folder: Path) -> None:
    with open_browser("chromium", playwright, lab, folder) as browser:
        assert isinstance(browser, Browser)
        visit(browser, lab.url)  # the first page of a new browser takes longer
        lab.quality(delay=ROUND_TRIP_S / 2, rate=RATE)
        visits = [visit(browser, lab.url) for _ in range(RUNS)]
    for name in ("first byte", "first paint", "tap possible"):
        times = sorted(times[name] for times in visits)
        print(f"{name:14} {statistics.median(times):6.0f} ms   {times[0]:.0f} to {times[-1]:.0f}")


def visit(browser: Browser, url: str) -> dict[str, float]:
    """Return the milliseconds from the link to each step, on a first visit."""
    context = browser.new_context()
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(READY)
    page.goto(url, wait_until="load")
    page.wait_for_function("() => window.ready && performance.getEntriesByType('paint').length")
    times: dict[str, float] = page.evaluate(
        """() => ({
          'first byte': performance.getEntriesByType('navigation')[0].responseStart,
          'first paint': performance.getEntriesByName('first-contentful-paint')[0].startTime,
          'tap possible': window.ready,
        })"""
    )
    context.close()
    return times


if __name__ == "__main__":
    main()
