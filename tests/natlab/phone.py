"""The product in a world: its server on the public address, its page on the phone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.e2e import caller
from tests.e2e.firefox import Firefox
from tests.e2e.server import Server

from .world import SERVER, World

PORT = "8000"
URL = f"http://{SERVER}:{PORT}/"


@contextmanager
def product(world: World, folder: Path, **settings: str) -> Iterator[Server]:
    """The server, in the world's server namespace."""
    running = Server.start(
        folder, prefix=world.server.prefix, VOICEDEMO_BIND=SERVER, PORT=PORT, **settings
    )
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def firefox(world: World, folder: Path) -> Iterator[Firefox]:
    """Firefox, on the world's phone."""
    running = Firefox(
        folder, prefix=world.phone.prefix, secure=[SERVER], open_socket=world.phone.connect
    )
    try:
        yield running
    finally:
        running.close()


@contextmanager
def chromium(playwright: Playwright, world: World, folder: Path) -> Iterator[Browser]:
    """Chromium, on the world's phone."""
    running = caller.launch(
        playwright,
        program=world.phone.wrapper(caller.chromium(), folder),
        flags=[
            f"--unsafely-treat-insecure-origin-as-secure={URL.rstrip('/')}",
            "--ignore-certificate-errors",  # of the TURN server
        ],
    )
    try:
        yield running
    finally:
        running.close()


class PageClock:
    """Turns the page's ``performance.now()`` into the machine's monotonic seconds."""

    def __init__(self, page: caller.Page) -> None:
        before = time.monotonic()
        now = page.evaluate("performance.now()")
        self._offset = (before + time.monotonic()) / 2 - now / 1000

    def seconds(self, milliseconds: float) -> float:
        return self._offset + milliseconds / 1000
