"""A TURN server of ours that does not answer is named by page and log: no network is blamed."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.media.turnserver import turnserver
from tests.ports import HERE, free_port

from .caller import Caller
from .firefox import Firefox
from .server import ROOT, Server

pytestmark = pytest.mark.e2e

SECRET = "north"


@contextmanager
def serving(var: Path, *urls: str) -> Iterator[Server]:
    """Run a server with these TURN servers. Its log is ``var / "log"``."""
    var.mkdir()
    running = Server.start(
        var,
        prefix=("sh", "-c", f'exec "$@" 2> {var / "log"}', "sh"),
        VOICEDEMO_COTURN_URLS=",".join(urls),
        VOICEDEMO_COTURN_SECRET=SECRET,
    )
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def coturn_without_tls(folder: Path) -> Iterator[int]:
    """Run a TURN server for UDP and TCP, and yield its port. It needs an event loop of its own."""
    started, stop = threading.Event(), asyncio.Event()
    port = 0
    loop = asyncio.new_event_loop()

    async def run() -> None:
        nonlocal port
        auth = ("--use-auth-secret", f"--static-auth-secret={SECRET}")
        async with turnserver(folder, "--no-tls", *auth) as port:
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert started.wait(20)
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def is_said(either: Browser | Firefox) -> Callable[[str, str], None]:
    def is_said(url: str, way: str) -> None:
        caller = Caller(either, f"{url}?ice={way}")
        caller.tap()
        caller.wait_for("failed", timeout_s=17)
        assert caller.reason == "relay_down"
        assert caller.page.inner_text("#state-line") == "The relay does not answer."
        assert "later" in caller.page.inner_text("#next-step")
        assert caller.page.is_visible("#retry")
        assert caller.page.is_visible("#check")

    return is_said


def told(var: Path, *arguments: str) -> str:
    """What a command says about the calls of the server with this folder."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "VOICEDEMO_VAR_DIR": str(var)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_a_turn_server_that_is_stopped_is_named_by_page_log_and_command(
    is_said: Callable[[str, str], None], tmp_path: Path
) -> None:
    port, var = free_port(), tmp_path / "var"
    urls = [f"turn:{HERE}:{port}?transport={transport}" for transport in ("udp", "tcp")]
    with serving(var, *urls) as server:
        is_said(server.url, "relay")
    (call,) = re.findall(r"^(\w{8})  .* failed relay_down$", told(var, "calls"), re.MULTILINE)
    cause, *timeline = told(var, "call", call).splitlines()
    assert cause.startswith("No TURN server answers (ours): ")
    assert all(f"{url} connection refused" in cause for url in urls)
    assert any("bot    turn:" in line and "701" in line for line in timeline)
    log = (var / "log").read_text()
    for url in urls:
        assert re.search(rf"call {call}[\w-]+: {re.escape(url)}: 701 connection refused", log)


def test_a_turn_server_without_tls_is_named_although_others_answer(
    is_said: Callable[[str, str], None], tmp_path: Path
) -> None:
    folder, var = tmp_path / "coturn", tmp_path / "var"
    folder.mkdir()
    with coturn_without_tls(folder) as port:
        urls = (f"turn:{HERE}:{port}", f"turns:{HERE}:{port}?transport=tcp")
        with serving(var, *urls) as server:
            is_said(server.url, "tls")
    (call,) = re.findall(r"^(\w{8})  .* failed relay_down$", told(var, "calls"), re.MULTILINE)
    assert told(var, "call", call).startswith("No TURN server answers over TLS (ours): turns:")
