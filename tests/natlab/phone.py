"""Run the product in a lab: the server on its host, a browser on the phone."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, Playwright

from tests.e2e import caller
from tests.e2e.firefox import Firefox, Tab
from tests.e2e.server import Server

from .lab import Lab
from .namespace import run

BrowserName = Literal["chromium", "firefox"]


@contextmanager
def product(lab: Lab, folder: Path, **settings: str) -> Iterator[Server]:
    """The server, on the lab's server host."""
    running = Server.start(folder, prefix=lab.server.prefix, **{**lab.settings(), **settings})
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def open_browser(
    name: BrowserName,
    playwright: Playwright,
    lab: Lab,
    folder: Path,
    microphone: Path | None = None,
) -> Iterator[Browser | Firefox]:
    """A browser on the lab's phone, which trusts the lab's authority.

    :param microphone: a recording for Chromium to play as its microphone.
    """
    opened = (
        _firefox(lab, folder)
        if name == "firefox"
        else _chromium(playwright, lab, folder, microphone)
    )
    with closing(opened):
        yield opened


def _firefox(lab: Lab, folder: Path) -> Firefox:
    _trust(lab, folder / "firefox")
    return Firefox(
        folder,
        prefix=lab.phone.prefix,
        secure=[lab.page_host, f"[{lab.page_host}]"],
        open_socket=lab.phone.connect,
    )


def _chromium(playwright: Playwright, lab: Lab, folder: Path, microphone: Path | None) -> Browser:
    for database in (".pki/nssdb", ".local/share/pki/nssdb"):
        _trust(lab, folder / database)
    program = lab.phone.wrapper(caller.chromium(), folder, HOME=folder)
    flags = [f"--unsafely-treat-insecure-origin-as-secure={lab.url}"]
    return caller.launch(playwright, microphone, program=program, flags=flags)


def _trust(lab: Lab, database: Path) -> None:
    """Make a browser trust the lab's authority (docs/browsers.md#own-certificate-authority)."""
    database.mkdir(parents=True, exist_ok=True)
    run("certutil", "-d", f"sql:{database}", "-N", "--empty-password")
    authority = ("-n", "lab", "-i", str(lab.authority))
    run("certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", *authority)


class PageClock:
    """Turns the page's ``performance.now()`` into the machine's monotonic seconds."""

    def __init__(self, page: Page | Tab) -> None:
        before = time.monotonic()
        now = page.evaluate("performance.now()")
        self._offset = (before + time.monotonic()) / 2 - now / 1000

    def seconds(self, milliseconds: float) -> float:
        return self._offset + milliseconds / 1000
