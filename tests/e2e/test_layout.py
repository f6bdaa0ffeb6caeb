"""On every screen, in every language and state: nothing is cut off, and the button stays put."""

import pytest
from playwright.sync_api import Browser, Page

from .firefox import Tab
from .server import Server
from .states import LANGUAGES, SCREENS, each_finding, each_state, open_page

pytestmark = pytest.mark.e2e

PAGE_BYTES = 40 * 1024

TELLING = ("de", "ja")
"""The language of the longest words, and one without spaces."""

CUT_OFF = """
() => [
  ...(document.documentElement.scrollWidth > innerWidth ? ['the page'] : []),
  ...[...document.querySelectorAll('p:not(.unseen), button:not(#talk), a, h1')]
    .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
    .map((e) => e.id || e.textContent),
]
"""


PAGES = [
    *(pytest.param(("browser", language)) for language in TELLING),
    *(
        pytest.param(at, marks=pytest.mark.long)
        for at in (
            *(("browser", language) for language in LANGUAGES if language not in TELLING),
            *(("firefox", language) for language in TELLING),
        )
    ),
]


@pytest.fixture(params=PAGES, ids="-".join)
def page(branded: Server, request: pytest.FixtureRequest) -> Page | Tab:
    name, language = request.param
    return open_page(request.getfixturevalue(name), branded, language)


def test_nothing_is_cut_off(page: Page | Tab) -> None:
    cut_off = []
    for screen in SCREENS:
        page.set_viewport_size(screen)
        for state, reason in each_state(page):
            cut_off += [(screen["width"], state, reason, what) for what in page.evaluate(CUT_OFF)]
    assert cut_off == []


def test_nothing_of_the_self_test_is_cut_off(page: Page | Tab, branded: Server) -> None:
    page.goto(f"{branded.url}check/")
    cut_off = []
    for screen in SCREENS:
        page.set_viewport_size(screen)
        for _ in each_finding(page):
            cut_off += [(screen["width"], what) for what in page.evaluate(CUT_OFF)]
    assert cut_off == []


def test_the_whole_stand_is_on_the_screen(page: Page | Tab, branded: Server) -> None:
    page.goto(f"{branded.url}stand/")
    beyond = "() => document.documentElement.scrollHeight - innerHeight"
    for screen in SCREENS:
        page.set_viewport_size(screen)
        assert (page.evaluate(CUT_OFF), page.evaluate(beyond)) == ([], 0), screen


def test_nothing_is_cut_off_where_there_is_no_page(page: Page | Tab, branded: Server) -> None:
    page.goto(f"{branded.url}nowhere/")
    for screen in SCREENS:
        page.set_viewport_size(screen)
        assert page.evaluate(CUT_OFF) == [], screen


def test_the_button_stays_where_it_is(page: Page | Tab) -> None:
    moved = []
    for screen in SCREENS:
        page.set_viewport_size(screen)
        places = {
            (state, reason): page.evaluate(
                "() => Math.round(document.querySelector('#talk').getBoundingClientRect().top)"
            )
            for state, reason in each_state(page)
        }
        usual = places["idle", ""]
        moved += [(screen["width"], *at, y - usual) for at, y in places.items() if y != usual]
    assert moved == []


def test_a_call_can_be_ended_without_scrolling(page: Page | Tab) -> None:
    below = "() => document.querySelector('#end').getBoundingClientRect().bottom - innerHeight"
    hidden = []
    for screen in SCREENS:
        page.set_viewport_size(screen)
        for state, reason in each_state(page):
            if state in ("connected", "recovering") and page.evaluate(below) > 0:
                hidden.append((screen["width"], state, reason))
    assert hidden == []


@pytest.mark.parametrize("path", ["", "check/"])
def test_a_page_weighs_little(browser: Browser, branded: Server, path: str) -> None:
    """The weight is that of all that the page loads by itself, as it comes over the network."""
    page = browser.new_context(locale="ja", service_workers="block").new_page()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    weights: list[int] = []
    network.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    page.goto(branded.url + path, wait_until="networkidle")
    assert 2 <= len(weights) <= 5, "the page, its script, and icons"
    assert sum(weights) <= PAGE_BYTES, f"{sum(weights) / 1024:.1f} KiB in {len(weights)} answers"


def test_the_offline_page_is_kept_for_when_there_is_no_network(
    browser: Browser, branded: Server
) -> None:
    page = open_page(browser, branded, "de")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("() => caches.match('/offline/').then(Boolean)")
    said = page.evaluate("() => caches.match('/offline/').then((kept) => kept.text())")
    page.context.set_offline(True)
    page.reload()
    assert page.inner_text("h1") in said
