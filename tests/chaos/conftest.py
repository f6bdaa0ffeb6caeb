from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from .books import Books
from .callers import Callers
from .system import System


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    system = System(tmp_path)
    yield system
    system.stop()


@pytest.fixture
def books(system: System) -> Books:
    return Books(system)


@pytest_asyncio.fixture
async def callers(system: System) -> AsyncIterator[Callers]:
    callers = Callers([web.url for web in system.webs])
    yield callers
    await callers.close()
