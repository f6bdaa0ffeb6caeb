"""A person who does not see or touch the page can make the same call."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from .caller import REFUSE, Caller
from .firefox import Tab
from .server import ROOT, Server
from .states import each_state, open_page

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["check/", "stand/", "offline/"])
def test_axe_finds_nothing_on_the_other_pages(
    browser: Browser, branded: Server, path: str, scheme: Scheme
) -> None:
    page = browser.new_context(color_scheme=scheme).new_page()
    page.goto(branded.url + path)
    page.evaluate(AXE)
    assert violations(page) == []


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
