"""The screen at a trade fair, and the phone that is passed round beside it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from .caller import Caller
from .firefox import Firefox
from .server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stand")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own: the screen tells of everybody's calls."""
    running = Server.start(tmp_path_factory.mktemp("stand"))
    yield running
    running.stop()


def test_a_call_right_here_and_the_screen_is_the_next_visitors(
    either: Browser | Firefox, browser: Browser, server: Server
) -> None:
    other = browser.new_page()
    other.goto(f"{server.url}stand/")
    caller = Caller(either, f"{server.url}?stand")
    caller.call()
    other.wait_for_function(
        "() => document.querySelector('#state-line').textContent === "
        "'Somebody is talking to it now.'"
    )
    caller.page.click("#end")
    caller.wait_for("ended")
    assert caller.page.inner_text("#next-visitor").startswith("Next visitor")
    assert not caller.page.is_visible("#share")
    other.wait_for_function("() => document.body.dataset.state === 'idle'")
    told = "This screen will be ready for the next visitor in 30 seconds."
    assert caller.page.inner_text("#told") == told
    caller.page.click("#next-visitor")
    caller.page.wait_for_function("() => location.pathname === '/stand/'")
    assert caller.page.inner_text(".here") == "Or talk right here"
    caller.context.close()
    other.close()


def test_a_phone_that_was_put_down_goes_back_to_the_code(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{server.url}stand/")
    page.click(".here a")
    page.wait_for_function("() => document.body.dataset.state === 'idle'")
    page.clock.run_for(61_000)
    page.wait_for_url("**/stand/")
    page.close()


def test_without_a_network_it_waits_for_one(browser: Browser, server: Server) -> None:
    # With a service worker, the page once reached the network although it was made offline.
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.clock.install()
    page.goto(f"{server.url}?stand")
    page.wait_for_function("() => document.body.dataset.state === 'idle'")
    context.set_offline(True)
    with page.expect_event("requestfailed"):
        page.clock.run_for(61_000)
    assert page.inner_text("h1") == "Talk to the bot"
    context.set_offline(False)
    page.clock.run_for(6_000)
    page.wait_for_url("**/stand/")
