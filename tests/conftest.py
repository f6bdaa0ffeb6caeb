import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Playwright, sync_playwright

# Playwright's synchronous interface runs an event loop under the test, which Django would take for
# an asynchronous view calling its ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# In the order they run: the quick ones first, and the browser's last, as Playwright keeps an event
# loop of its own in the main thread from its first test on.
CATEGORIES = ("unit", "ws", "media", "e2e", "natlab")


def category(item: pytest.Item) -> int:
    found = [name for name in CATEGORIES if item.get_closest_marker(name)]
    if len(found) != 1:
        raise pytest.UsageError(f"{item.nodeid} needs one category of {CATEGORIES}")
    return CATEGORIES.index(found[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test module names its category, so that `-m` never leaves one out by accident."""
    items.sort(key=category)


@pytest.fixture
def plain_static(settings: Any) -> None:
    """Static files by their own names: nothing has been collected."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The only one: it keeps an event loop in the main thread."""
    with sync_playwright() as running:
        yield running
