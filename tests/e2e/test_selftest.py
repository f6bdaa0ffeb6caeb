"""The self-test, from the tap to the code for support."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from .caller import REFUSE, Caller
from .firefox import Firefox
from .server import ROOT, Server

pytestmark = pytest.mark.e2e


@pytest.fixture
def tab(either: Browser | Firefox, server: Server) -> Caller:
    return Caller(either, f"{server.url}check/")


def row(tab: Caller, name: str) -> dict[str, Any]:
    found: dict[str, Any] = tab.page.evaluate(
        """(name) => {
          const row = document.querySelector(`#row-${name}`);
          return { status: row.dataset.status, text: row.innerText };
        }""",
        name,
    )
    return found


def test_a_good_phone_in_a_good_network_is_told_so(
    tab: Caller, server: Server, var_dir: Path
) -> None:
    tab.page.click("#start")
    tab.page.click("#heard")
    tab.wait_for("fine", "trouble", timeout_s=60)
    assert tab.page.inner_text("#verdict") == "You’re fine: calls connect directly."
    good = ("browser", "loudspeaker", "server", "direct", "ice-tcp")
    assert {name: row(tab, name)["status"] for name in good} == dict.fromkeys(good, "good")
    # Without a sound card Firefox plays nothing, and Web Audio hears nothing.
    heard = "skipped" if isinstance(tab.browser, Firefox) else "good"
    assert row(tab, "microphone")["status"] == heard
    assert "% lost, quality 4." in row(tab, "direct")["text"]
    # There is no TURN server in this set-up.
    assert {row(tab, name)["status"] for name in ("udp", "tcp", "tls")} == {"skipped"}
    assert tab.complaints == []
    tab.page.wait_for_function("() => document.querySelector('#code').textContent")
    code = tab.page.inner_text("#code").removeprefix("Code for support: ")
    told = subprocess.run(
        [sys.executable, "manage.py", "checkup", code],
        cwd=ROOT,
        env={"VOICEDEMO_VAR_DIR": str(var_dir), "VOICEDEMO_ENV_FILE": "", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "fine_direct" in told and "way_works" in told
    assert "You’re fine: calls connect directly." in told
    assert "✓ Direct calls (UDP): Works: " in told
    assert server.wait_for_metric("voicedemo_calls_live", 0, 10)


def test_who_does_not_hear_us_is_told_what_to_do(tab: Caller) -> None:
    tab.page.click("#start")
    tab.page.click("#unheard")
    tab.wait_for("fine", "trouble", timeout_s=60)
    assert tab.page.inner_text("#verdict") == "Your network is fine, but you do not hear us."
    assert "Turn the volume up" in row(tab, "loudspeaker")["text"]


def test_without_a_microphone_the_network_is_checked_all_the_same(
    browser: Browser, server: Server
) -> None:
    tab = Caller(browser, f"{server.url}check/", init_script=REFUSE % "NotAllowedError")
    tab.page.click("#start")
    tab.page.click("#heard")
    tab.wait_for("fine", "trouble", timeout_s=60)
    assert tab.page.inner_text("#verdict") == "Your network is fine, but your microphone is not."
    assert "Allow it in your browser" in row(tab, "microphone")["text"]
    assert row(tab, "direct")["status"] == "good"


def test_a_server_that_goes_away_is_named(browser: Browser, tmp_path: Path) -> None:
    server = Server.start(tmp_path)
    tab = Caller(browser, f"{server.url}check/")
    server.stop()
    tab.page.click("#start")
    tab.page.click("#heard")
    tab.wait_for("trouble", timeout_s=60)
    assert tab.page.inner_text("#verdict") == "We cannot reach the service right now."
    assert "could not store the report" in tab.page.inner_text("#code")
