"""A person who does not see or touch the page can make the same call."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.visited import FAILED, PAGES, break_database, server_of_all

from .caller import REFUSE, Caller
from .firefox import Tab
from .server import ROOT, Server
from .states import BRAND, each_finding, each_state, open_page

pytestmark = pytest.mark.e2e

Scheme = Literal["light", "dark"]

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text()
VIOLATIONS = """
async () => (await axe.run()).violations.flatMap(
  ({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
"""


def violations(page: Page | Tab) -> list[str]:
    return page.evaluate(VIOLATIONS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state_of_a_call(
    browser: Browser, branded: Server, scheme: str
) -> None:
    page = open_page(browser, branded, "de", color_scheme=scheme)
    page.evaluate(AXE)
    found = {at: violations(page) for at in each_state(page)}
    page.click("summary")
    found["the developer panel", ""] = violations(page)
    assert {at: wrong for at, wrong in found.items() if wrong} == {}


@pytest.fixture(scope="module")
def all_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = server_of_all(tmp_path_factory.mktemp("all"), **BRAND)
    yield running
    running.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_on_any_page(
    browser: Browser, all_pages: Server, path: str, scheme: Scheme
) -> None:
    """Neither at first, nor in anything that the page may show later."""
    page = browser.new_context(color_scheme=scheme).new_page()
    page.goto(all_pages.url + path)
    page.evaluate(AXE)
    assert violations(page) == []
    page.evaluate("document.querySelectorAll('[hidden]').forEach((one) => { one.hidden = false; })")
    assert violations(page) == []


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Server]:
    """A server without its database."""
    running = Server.start(tmp_path)
    break_database(tmp_path)
    yield running
    running.stop()


def test_axe_finds_nothing_where_the_server_fails(browser: Browser, broken: Server) -> None:
    page = browser.new_page()
    answer = page.goto(broken.url + FAILED)
    assert answer and answer.status == 500
    page.evaluate(AXE)
    assert violations(page) == []


def test_axe_finds_nothing_while_a_visitor_of_the_stand_talks(
    browser: Browser, branded: Server
) -> None:
    page = browser.new_page()
    page.route("**/api/stand/", lambda route: route.fulfill(json={"live": 1, "lately": 12}))
    page.goto(f"{branded.url}stand/")
    page.wait_for_function("() => document.body.dataset.state !== 'idle'")
    page.evaluate(AXE)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_result_of_the_self_test(
    browser: Browser, branded: Server, scheme: Scheme
) -> None:
    page = browser.new_context(color_scheme=scheme).new_page()
    page.goto(f"{branded.url}check/")
    page.evaluate(AXE)
    found = {verdict: violations(page) for verdict in each_finding(page)}
    assert {verdict: wrong for verdict, wrong in found.items() if wrong} == {}


def test_axe_finds_nothing_once_the_self_test_is_through(browser: Browser, server: Server) -> None:
    tab = Caller(browser, f"{server.url}check/")
    tab.page.click("#start")
    tab.page.evaluate(AXE)
    assert violations(tab.page) == []
    tab.page.click("#unheard")
    tab.wait_for("fine", "trouble", timeout_s=60)
    assert violations(tab.page) == []


def spoken(page: Page) -> str:
    """The accessibility tree, as a screen reader has it to read."""
    return page.locator("body").aria_snapshot()


def test_a_whole_call_with_the_keyboard_and_a_screen_reader(
    browser: Browser, server: Server
) -> None:
    caller = Caller(browser, server.url + "?voice=parrot")
    page = caller.page
    assert isinstance(page, Page)
    assert 'heading "Talk to the bot" [level=1]' in spoken(page)
    assert re.search(r"- status:\s+- paragraph: Tap to talk", spoken(page))
    press_until(page, "Tab", "talk")
    page.keyboard.press("Enter")
    caller.wait_for("connected")
    told = spoken(page)
    assert 'button "In a call"' in told
    assert "You’re connected. Say something!" in told
    assert 'button "Mute"' in told and 'button "End"' in told
    press_until(page, "Tab", "mute")
    page.keyboard.press("Space")
    assert 'button "Mute" [pressed]' in spoken(page)
    page.keyboard.press("Space")
    assert 'button "Mute" [pressed]' not in spoken(page)
    page.wait_for_function("() => document.querySelector('#caption').textContent")
    assert "Hello! I am the voice demo." in spoken(page)
    press_until(page, "Tab", "end")
    page.keyboard.press("Enter")
    caller.wait_for("ended")
    told = spoken(page)
    assert "Call ended" in told and 'button "Talk to the bot again"' in told
    assert focused(page) == "talk", "and the next call is one key away"


def test_what_is_wrong_is_read_out_with_its_next_step(browser: Browser, server: Server) -> None:
    caller = Caller(browser, server.url, init_script=REFUSE % "NotAllowedError")
    caller.tap()
    caller.wait_for("failed")
    page = caller.page
    assert isinstance(page, Page)
    told = spoken(page)
    assert "The microphone is switched off for this page." in told
    assert "Allow it in your browser" in told
    assert 'button "Try again"' in told


def press_until(page: Page, key: str, wanted: str) -> None:
    for _ in range(20):
        if focused(page) == wanted:
            return
        page.keyboard.press(key)
    raise AssertionError(f"#{wanted} is not reached by {key}")


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id")
