"""Minutes or hours of visitors who come and go, with faults. Nothing of them stays behind.

``make soak HOURS=1`` prints a line a minute.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from redis import RedisError

from tests.chaos.books import eventually

from .crowd import Crowd
from .faults import Faults
from .figures import Sample, growth_mb, heading, line
from .system import NAMES, WEB, System

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.alone]

LENGTH_S: Final = 3600 * float(os.environ.get("SOAK_HOURS", "0.05"))
SIZE: Final = 30
"""So many visitors at a time, on two cores."""
WARM_SIZE: Final = 10
WARM_CALLS: Final = 30
"""After these, pools and caches of a process are filled."""
EARLY: Final = 1 / 3
"""The share of the time in which any process may end, and in which memory may grow."""
FAULTS: Final = 9
RAREST_FAULT_S: Final = 120.0
SAMPLED_EVERY_S: Final = 5.0
PRINTED_EVERY_S: Final = 60.0
REST_S: Final = 120.0
"""A call whose page has vanished ends after a minute at most."""
MAX_GROWTH_MB: Final = 1000.0


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    system = System(tmp_path)
    yield system
    system.stop()


@pytest_asyncio.fixture
async def soak(system: System) -> AsyncIterator["Soak"]:
    soak = Soak(system, random.Random(int(os.environ.get("SOAK_SEED", "1"))))
    yield soak
    await soak.close()


class Soak:
    """The crowd, the faults, and what is measured meanwhile."""

    def __init__(self, system: System, dice: random.Random) -> None:
        self._system = system
        self._dice = dice
        self._crowds: list[Crowd] = []
        self._began = time.monotonic()
        self._printed_s = 0.0
        self.faults = Faults(system)
        self.samples: list[Sample] = []

    @property
    def crowd(self) -> Crowd:
        return self._crowds[-1]

    def come(self, size: int) -> None:
        """Let so many visitors come, one after the other."""
        self._crowds.append(Crowd(self._system.cluster.url, size, self._dice))

    async def close(self) -> None:
        for crowd in self._crowds:
            await crowd.close()

    async def run(self, length_s: float) -> None:
        """Let visitors come and go, and something fail now and then."""
        self.come(SIZE)
        self._began = time.monotonic()
        print(f"\n{heading(NAMES)}", flush=True)
        failing = asyncio.create_task(self._fail_now_and_then(length_s))
        while (at_s := time.monotonic() - self._began) < length_s:
            await self.sample(at_s)
            self.crowd.assert_well()
            if failing.done():
                failing.result()
            await asyncio.sleep(min(SAMPLED_EVERY_S, length_s - at_s))
        await failing
        await self.crowd.leave()

    async def _fail_now_and_then(self, length_s: float) -> None:
        every_s = min(RAREST_FAULT_S, length_s / FAULTS)
        due_s = every_s / 2
        while due_s < length_s - every_s / 2:
            await asyncio.sleep(max(0.0, due_s - (time.monotonic() - self._began)))
            await self.faults.one(is_early=due_s < EARLY * length_s - every_s)
            due_s += every_s

    async def sample(self, at_s: float) -> Sample:
        held = await asyncio.to_thread(self._system.holds)
        sample = Sample(at_s, self.crowd.calls, held)
        self.samples.append(sample)
        if at_s >= self._printed_s:
            await self._print(sample)
            self._printed_s += PRINTED_EVERY_S
        return sample

    async def _print(self, sample: Sample) -> None:
        crowd = self.crowd
        try:
            keys = (await asyncio.to_thread(self._system.keys)).total()
        except RedisError:
            keys = -1
        figures = (
            sample.at_s / 60, crowd.calls, crowd.up, crowd.moves, crowd.missed.total(),
            self.faults.count, self._system.unended(), keys,
        )  # fmt: skip
        print(line(figures, NAMES, sample.held), flush=True)


async def test_nothing_stays_behind(system: System, soak: Soak) -> None:
    system.cluster.wait_for_workers()
    soak.come(WARM_SIZE)
    while soak.crowd.calls < WARM_CALLS:
        await asyncio.sleep(1)
        soak.crowd.assert_well()
    await soak.crowd.leave()
    for _ in range(20):
        await asyncio.sleep(1)
        print(system.holds(), system.unended(), system.waiting(), system.keys(), system.keys_that_stay())
    await soak.run(LENGTH_S)
    print(soak.crowd.done, soak.crowd.missed)
    for _ in range(30):
        await asyncio.sleep(2)
        print(system.holds(), system.unended(), system.waiting(), system.keys(), system.keys_that_stay())
    for name in NAMES:
        for start in (1/3, 1/2, 2/3):
            late = [s for s in soak.samples if s.at_s > LENGTH_S * start]
            print(name, start, growth_mb(late, name))
    print(system.logged()[-6000:])
