import os

import pytest

# Playwright's synchronous interface runs an event loop under the test, which Django would take for
# an asynchronous view calling its ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CATEGORIES = {"unit", "ws", "media", "e2e"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test module names its category, so that `-m` never leaves one out by accident."""
    for item in items:
        found = CATEGORIES & {mark.name for mark in item.iter_markers()}
        if len(found) != 1:
            raise pytest.UsageError(f"{item.nodeid} needs one category of {sorted(CATEGORIES)}")
