"""A process with pages and sockets is killed."""

import pytest

from .books import Books, eventually
from .callers import CALLERS, Callers
from .system import System

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

BACK_S = 10.0


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
