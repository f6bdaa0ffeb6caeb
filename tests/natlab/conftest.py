import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.caller import Caller

from . import phone, turn
from .world import World

MakeCall = Callable[..., Caller]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in ("ip", "nft", "conntrack", "ss") if not shutil.which(name)]
    if os.geteuid() == 0 and not missing:
        return
    why = f"no {', '.join(missing)}" if missing else "only root may make network namespaces"
    for item in items:
        if item.get_closest_marker("natlab"):
            item.add_marker(pytest.mark.skip(reason=f"NETWORKS NOT TESTED: {why}"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def coturn(world: World, tmp_path: Path) -> Iterator[turn.Coturn]:
    running = turn.Coturn(world.server, tmp_path)
    yield running
    running.close()


@pytest.fixture
def browser_name(request: pytest.FixtureRequest) -> str:
    """Chromium, unless a test asks for another: ``both_browsers``."""
    return getattr(request, "param", "chromium")


@pytest.fixture
def make_call(
    world: World, playwright: Playwright, tmp_path: Path, browser_name: str
) -> Iterator[MakeCall]:
    """Starts the server with these settings and a browser on the phone, and talks to the bot."""
    with ExitStack() as stack:

        def make(query: str = "", **settings: str) -> Caller:
            stack.enter_context(phone.product(world, tmp_path, **settings))
            browser = stack.enter_context(
                phone.firefox(world, tmp_path)
                if browser_name == "firefox"
                else phone.chromium(playwright, world, tmp_path)
            )
            caller = Caller(browser, f"{phone.URL}?voice=echo&debug{query}")
            caller.call()
            caller.wait_for_sound()
            return caller

        yield make
