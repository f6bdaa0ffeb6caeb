"""A process with pages and sockets is killed, or can open no more files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest

from .books import Books, eventually
from .callers import CALLERS, Callers
from .system import System, Web

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

BACK_S = 10.0
MORE_FILES = 5
STRANGERS = 50
OUT_S = 5.0


async def test_nobody_in_a_call_hears_that_a_web_process_is_killed(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call()
    killed, other = system.webs
    had = [caller for caller in callers.up if caller.page.url == killed.url]
    assert 0 < len(had) < CALLERS
    killed.kill()
    await eventually(callers.lost_sockets, len(had), BACK_S)
    await eventually(callers.have_sockets, True, BACK_S)
    callers.assert_nothing_lost()
    assert {caller.page.url for caller in callers.up} == {other.url}
    assert (await books.calls_by_worker()).total() == CALLERS
    await callers.assert_all_are_up()
    assert await callers.moved() == 0
    await callers.hang_up()
    await books.balance(callers.ended)
    other.assert_unharmed()


async def test_nobody_in_a_call_hears_that_a_web_process_can_open_no_more_files(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call()
    out, other = system.webs
    async with AsyncExitStack() as strangers:
        with out.open_files_limited_to(out.open_files + MORE_FILES):
            for _ in range(STRANGERS):
                await strangers.enter_async_context(connected_to(out))
            await asyncio.sleep(OUT_S)
            callers.assert_nothing_lost()
            assert (await other.get("readyz")).text == "ready\n"
    await eventually(partial(out.says, "readyz"), "ready\n", BACK_S)
    await eventually(callers.have_sockets, True, BACK_S)
    print(f"{await callers.lost_sockets()} of {CALLERS} sockets came back at the other process")
    await callers.call(2)
    await callers.assert_all_are_up()
    assert await callers.moved() == 0
    assert out.process.poll() is None
    assert (await books.calls_by_worker()).total() == CALLERS + 2
    await callers.hang_up()
    await books.balance(callers.ended)
    other.assert_unharmed()


@asynccontextmanager
async def connected_to(web: Web) -> AsyncIterator[None]:
    """A stranger's connection, who says nothing."""
    address = urlsplit(web.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    yield
    writer.close()
    await writer.wait_closed()
