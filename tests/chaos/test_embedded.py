"""The database of the one process of ``manage.py serve`` is locked, or its disk is full."""

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import pytest_asyncio

from .books import eventually
from .callers import Callers
from .embedded import Embedded
from .page import RefusedError

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

AWAY_S = 10.0
BACK_S = 20.0
CALLS = 30
LEAVE = 10
DISK = "64m"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, where a test may fill it; else a folder."""
    folder = tmp_path / "var"
    folder.mkdir()
    if os.geteuid() != 0:
        yield folder
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "chaos", str(folder)]
    subprocess.run(mount, check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def embedded(folder: Path, tmp_path: Path) -> Iterator[Embedded]:
    embedded = Embedded(folder, tmp_path / "server.log")
    yield embedded
    embedded.stop()


@pytest_asyncio.fixture
async def callers(embedded: Embedded) -> AsyncIterator[Callers]:
    callers = Callers([embedded.web.url])
    yield callers
    await callers.close()


async def test_nobody_in_a_call_hears_that_the_database_is_locked(
    embedded: Embedded, callers: Callers
) -> None:
    await callers.call(CALLS)
    await assert_nobody_hears(embedded, callers, embedded.locked())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
async def test_nobody_in_a_call_hears_that_the_disk_is_full(
    embedded: Embedded, callers: Callers
) -> None:
    await callers.call(CALLS)
    await assert_nobody_hears(embedded, callers, embedded.full())


async def assert_nobody_hears(
    embedded: Embedded, callers: Callers, trouble: AbstractContextManager[None]
) -> None:
    with trouble:
        began = asyncio.get_running_loop().time()
        refused = await entered_or_refused(callers)
        await callers.hang_up(LEAVE)
        await asyncio.sleep(began + AWAY_S - asyncio.get_running_loop().time())
    callers.assert_nothing_lost()
    await callers.one()
    left = CALLS - LEAVE + 1 + (not refused)
    await eventually(embedded.calls, Counter({("connected", ""): left}) + callers.ended, BACK_S)
    await callers.assert_all_are_up()
    assert await callers.lost_sockets() == 0
    await callers.hang_up()
    await eventually(embedded.calls, callers.ended, BACK_S)
    lost = await embedded.web.records_lost()
    print(
        f"{callers.reports} reports, of which {await embedded.reports()} are written; {lost} lost"
    )
    assert await embedded.reports() + lost >= callers.reports
    embedded.web.assert_unharmed()


async def entered_or_refused(callers: Callers) -> bool:
    """Let somebody call. Returns whether they are told to try again."""
    try:
        await callers.one()
    except RefusedError as refused:
        assert (refused.told["code"], refused.told["retryable"]) == ("internal", True)
        return True
    return False
