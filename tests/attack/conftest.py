from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from urllib.request import urlopen

import aioice.ice
import pytest
import pytest_asyncio

from tests.bench.load.generator import memory_mb
from tests.e2e.server import Server

from .calls import Calls
from .door import PORT, Door
from .stage import CALLERS, SERVER, Stage, inside, why_not

HERE = "127.0.0.1"
MAX_GROWTH_MB = 60.0
"""What the server may hold more than before, when an attack is over. Most is the allocator's."""


class Target:
    """The server under attack.

    :param changed: settings, as environment variables.
    """

    def __init__(self, stage: Stage, folder: Path, **changed: str) -> None:
        self._stage = stage
        self.log = folder / "server.log"
        keep_log = ["sh", "-c", 'exec "$@" 2>"$0"', str(self.log), *stage.server.prefix]
        self.server = Server.start(
            folder,
            prefix=keep_log,
            VOICEDEMO_BIND="0.0.0.0",
            ALLOWED_HOSTS=f"{SERVER},{HERE}",
            VOICEDEMO_STUN_URLS="",
            PORT=str(PORT),
            **changed,
        )
        self._memory_mb = self.memory_mb

    @property
    def memory_mb(self) -> float:
        """The resident memory of the server in MB."""
        children = Path(f"/proc/{self.server.process.pid}/task")
        assert children.exists(), "the server has ended"
        return memory_mb(self.server.process.pid)

    def metrics(self) -> str:
        """What the server tells its operator, who asks on the machine itself."""
        with inside(self._stage.server), urlopen(f"http://{HERE}:{PORT}/metrics") as response:
            return str(response.read().decode())

    def begin(self) -> None:
        """Compare with the memory of this moment."""
        self._memory_mb = self.memory_mb

    def assert_unharmed(self, growth_mb: float = MAX_GROWTH_MB) -> None:
        """It runs, it has logged no exception, and it holds little more than before."""
        assert self.server.process.poll() is None
        assert "Traceback" not in (log := self.log.read_text()), log[-5000:]
        growth = self.memory_mb - self._memory_mb
        print(f"the server holds {growth:.0f} MB more than before")
        assert growth < growth_mb, f"{growth:.0f} MB more than before"

    def close(self) -> None:
        if self.server.process.poll() is None:
            self.server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stage" in getattr(item, "fixturenames", ()) and (why := why_not()):
            item.add_marker(pytest.mark.skip(reason=f"ATTACKS NOT TRIED: {why}"))


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with closing(Stage()) as stage:
        yield stage


@pytest.fixture
def target(stage: Stage, tmp_path: Path) -> Iterator[Target]:
    with closing(Target(stage, tmp_path)) as target:
        yield target


@pytest_asyncio.fixture
async def calls(
    stage: Stage, target: Target, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Calls]:
    """Honest calls. The test is in the callers' network from here on."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: [CALLERS[0]])
    with inside(stage.callers):
        calls = Calls()
        yield calls
        await calls.hang_up()


@pytest_asyncio.fixture
async def open_door(calls: Calls) -> AsyncIterator[Callable[..., Door]]:
    """Opens doors for somebody who misbehaves, and closes them after the test."""
    async with AsyncExitStack() as doors:

        def make(address: str | None = None) -> Door:
            door = Door(address)
            doors.push_async_callback(door.close)
            return door

        yield make
