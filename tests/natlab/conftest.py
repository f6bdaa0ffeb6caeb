import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.e2e.caller import DRAW_RARELY, Caller

from .lab import TWO_UPLINKS, Lab
from .phone import BrowserName, open_browser, product

MakeCall = Callable[..., Caller]


FIRST_HEARTBEAT = """
() => ['pipecat.ping', 'pipecat.pong'].every((type) => seen.heard.some((one) => one.type === type))
"""
TOOLS = ("ip", "nft", "conntrack", "ss", "certutil", "turnserver")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.get_closest_marker("natlab")]
    if ours and (why := _why_not()):
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=f"NETWORKS NOT TESTED: {why}"))


def _why_not() -> str:
    """Return why no network can be made here; '' if one can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if missing := [name for name in TOOLS if not shutil.which(name)]:
        return f"no {', '.join(missing)}"
    if not Path("/dev/net/tun").exists():
        return "no /dev/net/tun"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    return f"the kernel refuses: {tried.stderr.strip()}" if tried.returncode else ""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(TWO_UPLINKS, tmp_path)) as lab:
        yield lab


@pytest.fixture
def browser_name(request: pytest.FixtureRequest) -> BrowserName:
    """Chromium, unless a test asks for another: ``both_browsers``."""
    return getattr(request, "param", "chromium")


@pytest.fixture
def make_call(
    lab: Lab, playwright: Playwright, tmp_path: Path, browser_name: BrowserName
) -> Iterator[MakeCall]:
    """Starts the server with these settings and a browser on the phone, and talks to the bot."""
    with ExitStack() as stack:

        def make(query: str = "", **settings: str) -> Caller:
            stack.enter_context(product(lab, tmp_path, **settings))
            browser = stack.enter_context(open_browser(browser_name, playwright, lab, tmp_path))
            url = f"{lab.url}/?voice=echo&debug{query}"
            caller = Caller(browser, url, init_script=DRAW_RARELY)
            caller.call()
            caller.wait_for_sound()
            # Firefox's DTLS association fails if the network goes before a write is acknowledged.
            caller.page.wait_for_function(FIRST_HEARTBEAT)
            caller.page.wait_for_timeout(300)
            return caller

        yield make
