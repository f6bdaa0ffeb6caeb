from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from . import caller, sounds
from .server import Server

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
def phrase() -> sounds.Sound:
    return sounds.spoken(PHRASE)


@pytest.fixture(scope="session")
def microphone(phrase: sounds.Sound, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of the phrase with a pause around it."""
    path = tmp_path_factory.mktemp("sounds") / "phrase.wav"
    sounds.write_wav(path, sounds.with_pause(phrase, 0.5, 5))
    return path


@pytest.fixture(scope="session")
def browser(playwright: Playwright, microphone: Path) -> Iterator[Browser]:
    browser = caller.launch(playwright, microphone)
    yield browser
    browser.close()
