"""The clocks of the processes do not agree."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .books import Books
from .callers import Callers
from .system import System
from .test_workers import assert_moved

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

LIBRARY = "libfaketime.so.1"
CLOCKS = {"web-1": "+5s", "web-2": "-5s", "worker-1": "-5s", "worker-2": "+5s"}
"""Those of worker 3, Redis and PostgreSQL are right."""

CALLS = 20
"""Fewer than elsewhere, because libfaketime takes time too."""


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    (library,) = Path("/usr/lib").glob(f"*/faketime/{LIBRARY}")
    # Their monotonic clocks are right, as on machines whose wall clocks are not.
    preload = ("env", f"LD_PRELOAD={library}", "FAKETIME_DONT_FAKE_MONOTONIC=1")
    system = System(
        tmp_path,
        prefixes={name: (*preload, f"FAKETIME={clock}") for name, clock in CLOCKS.items()},
    )
    yield system
    system.stop()


async def test_calls_go_on_though_clocks_do_not_agree(
    system: System, books: Books, callers: Callers
) -> None:
    await callers.call(CALLS)
    by_worker = await books.calls_by_worker()
    assert min(by_worker[worker.channel] for worker in system.workers) > 0
    await callers.assert_all_are_up()
    assert await callers.moved() == 0
    killed = system.workers[0]
    killed.kill()
    await assert_moved(by_worker[killed.channel], killed, books, callers)
    await callers.hang_up()
    await books.balance(callers.ended)
