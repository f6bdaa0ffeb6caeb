from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from . import caller, sounds
from .firefox import Firefox
from .server import Server
from .states import BRAND

PHRASE = "the quick brown fox jumps over the lazy dog"


@pytest.fixture(scope="session")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="session")
def server(var_dir: Path) -> Iterator[Server]:
    running = Server.start(var_dir)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def branded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a name and a contact: its pages have everything that a page can have."""
    running = Server.start(tmp_path_factory.mktemp("branded"), **BRAND)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def phrase() -> sounds.Sound:
    return sounds.spoken(PHRASE)


@pytest.fixture(scope="session")
def microphone(phrase: sounds.Sound, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of the phrase with a pause around it."""
    path = tmp_path_factory.mktemp("sounds") / "phrase.wav"
    sounds.write_wav(path, sounds.with_pause(phrase, 0.5, 5))
    return path


@pytest.fixture(scope="session")
def running_chromium(playwright: Playwright, microphone: Path) -> Iterator[Browser]:
    browser = caller.launch(playwright, microphone)
    yield browser
    browser.close()


@pytest.fixture
def browser(running_chromium: Browser) -> Iterator[Browser]:
    """Chromium. All pages are closed after each test: one that is left open keeps drawing."""
    yield running_chromium
    for context in running_chromium.contexts:
        context.close()


@pytest.fixture(scope="session")
def running_firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    running = Firefox(tmp_path_factory.mktemp("firefox"))
    yield running
    running.close()


@pytest.fixture
def firefox(running_firefox: Firefox) -> Iterator[Firefox]:
    """Firefox. All pages are closed after each test."""
    yield running_firefox
    for context in running_firefox.contexts:
        context.close()


@pytest.fixture(params=["chromium", "firefox"])
def either(request: pytest.FixtureRequest) -> Browser | Firefox:
    """Chromium in one test, Firefox in the next."""
    name = "browser" if request.param == "chromium" else "firefox"
    chosen: Browser | Firefox = request.getfixturevalue(name)
    return chosen
