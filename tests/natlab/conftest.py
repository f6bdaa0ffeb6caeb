import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.caller import Caller

from . import phone, turn
from .world import World

MakeCall = Callable[..., Caller]


TOOLS = ("ip", "nft", "conntrack", "ss", "certutil", "turnserver")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.get_closest_marker("natlab")]
    if ours and (why := _why_not()):
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=f"NETWORKS NOT TESTED: {why}"))


def _why_not() -> str:
    """Why no networks can be made here; '' where they can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if missing := [name for name in TOOLS if not shutil.which(name)]:
        return f"no {', '.join(missing)}"
    if not Path("/dev/net/tun").exists():
        return "no /dev/net/tun"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    return f"the kernel refuses: {tried.stderr.strip()}" if tried.returncode else ""


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
