import fcntl
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright
from pytest_django import Settings

from tests import shared
from tests.redis import Redis

# Playwright's synchronous interface runs an event loop under the test, which Django would take for
# an asynchronous view calling its ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# In the order in which they run. Asynchronous tests come before those with a browser, because
# Playwright keeps an event loop in the main thread from its first test on. Among those with a
# browser, the longest come first, so that the workers finish at about the same time.
CATEGORIES = ("unit", "ws", "media", "natlab", "e2e")


def category(item: pytest.Item) -> int:
    found = [name for name in CATEGORIES if item.get_closest_marker(name)]
    if len(found) != 1:
        raise pytest.UsageError(f"{item.nodeid} needs one category of {CATEGORIES}")
    return CATEGORIES.index(found[0])


def is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


def pytest_configure() -> None:
    shared.folder()  # before the workers start, which inherit it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by category, those that run alone last.

    Every test module must name its category, so that ``-m`` never leaves one out by accident.
    """
    items.sort(key=lambda item: (is_alone(item), category(item)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test marked ``alone`` while no other worker runs one."""
    with (shared.folder() / "running.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if is_alone(item) else fcntl.LOCK_SH)
        return (yield)


@pytest.fixture
def plain_static(settings: Settings) -> None:
    """Serve static files under their own names: nothing has been collected."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that knows nothing yet."""
    redis = Redis(tmp_path)
    yield redis
    redis.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The only Playwright of the process: it keeps an event loop in the main thread."""
    with sync_playwright() as running:
        yield running
