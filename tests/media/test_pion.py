"""A real Pion caller (Go): the stack under LiveKit's servers and many clients.

Pion ignores checks that claim the role it has itself, and never changes its own.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.page import TIMEOUT, Page

pytestmark = pytest.mark.media

SOURCES = Path(__file__).parents[1] / "pion"
DEBIANS_GO = Path("/usr/share/gocode")
"""The folder of Debian's packages of Go libraries."""
PROMPT_S = 1.0
"""Pion alone takes 200 ms: it nominates at its second look."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pion_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed (Debian: golang-go)")
    if not (DEBIANS_GO / "src/github.com/pion/webrtc").is_dir():
        pytest.skip("Pion is not installed (Debian: golang-github-pion-webrtc.v3-dev)")
    folder = tmp_path_factory.mktemp("go")
    (folder / "src/voicedemo").mkdir(parents=True)
    # Without modules Go downloads nothing. It reads the /v3 of an import path only for a package
    # that is in GOPATH and has a go.mod.
    (folder / "src/voicedemo/pion").symlink_to(SOURCES)
    go = {"GO111MODULE": "off", "GOPATH": f"{folder}:{DEBIANS_GO}", "GOFLAGS": ""}
    process = await asyncio.create_subprocess_exec(
        "go", "build", "-o", str(folder / "pion"), "voicedemo/pion", env={**os.environ, **go}
    )
    assert await process.wait() == 0
    return folder / "pion"


class Pion:
    """A Pion process, and a page's socket that carries its signalling."""

    def __init__(self, process: asyncio.subprocess.Process, page: Page) -> None:
        self._process = process
        self._page = page
        self._offers = 0
        self._unread: list[dict[str, Any]] = []

    async def connect(self) -> float:
        """Make an offer and take the answer; returns the seconds until it is connected."""
        self._offers += 1
        self._tell(type="offer")
        sdp = (await self.hear("offer"))["sdp"]
        await self._page.say(type="offer", sdp=sdp, generation=self._offers, voice="echo")
        answer = await self._page.hear_until("answer")
        start = asyncio.get_running_loop().time()
        self._tell(type="answer", sdp=answer["sdp"])
        await self.hear("connected")
        return asyncio.get_running_loop().time() - start

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message of this type. Others are kept, as their order is not certain."""
        assert self._process.stdout is not None
        async with asyncio.timeout(2 * TIMEOUT):
            while kind not in (message["type"] for message in self._unread):
                self._unread.append(json.loads(await self._process.stdout.readline()))
        found = next(message for message in self._unread if message["type"] == kind)
        self._unread.remove(found)
        return found

    async def close(self) -> None:
        self._process.kill()
        await self._process.wait()

    def _tell(self, **message: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")


@pytest_asyncio.fixture
async def pion(pion_binary: Path, make_page: Callable[..., Page]) -> AsyncIterator[Pion]:
    page = make_page()
    await page.open()
    process = await asyncio.create_subprocess_exec(
        str(pion_binary),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1024 * 1024,
    )
    caller = Pion(process, page)
    yield caller
    await caller.close()


async def test_it_connects_at_once_and_is_heard(pion: Pion) -> None:
    assert await pion.connect() < PROMPT_S
    assert (await pion.hear("heard"))["marker"] == 1


async def test_its_ice_restart_works(pion: Pion) -> None:
    await pion.connect()
    await pion.hear("heard")
    assert await pion.connect() < PROMPT_S
    assert (await pion.hear("heard"))["marker"] == 2
