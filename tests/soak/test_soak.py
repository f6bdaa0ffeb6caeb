"""Minutes or hours of visitors who come and go, with faults. Nothing of them stays behind.

``make soak HOURS=1`` prints a line a minute.
"""

import asyncio
import math
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from redis import RedisError

from tests.chaos.books import eventually

from .crowd import Crowd
from .faults import Faults
from .figures import PER_CALLS, Sample, growth_mb, heading, line, most_mb
from .system import FIRST, NAMES, WEB, Held, System

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
REST_S: Final = 240.0
"""A call whose page and worker vanish at once ends with its lease. One whose page vanishes while
Redis is away ends a minute after the last heartbeat has been missed."""
MAX_MISSED: Final = 0.1
"""So many visitors in one call may meet a fault. More would mean that the soak tried nothing."""
LOOKED_EVERY_S: Final = 0.5


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
        while (at_s := self._passed_s) < length_s:
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
            await asyncio.sleep(max(0.0, due_s - self._passed_s))
            await self.faults.one(is_early=due_s < EARLY * length_s - every_s)
            due_s = max(due_s + every_s, self._passed_s)

    @property
    def _passed_s(self) -> float:
        return time.monotonic() - self._began

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
        keys = math.nan  # while Redis is away
        with suppress(RedisError):
            keys = await asyncio.to_thread(self._system.count_keys)
        figures = (
            sample.at_s / 60, crowd.calls, crowd.up, crowd.moves, crowd.missed.total(),
            self.faults.count, self._system.unended(), keys,
        )  # fmt: skip
        print(line(figures, NAMES, sample.held), flush=True)

    async def warm_up(self) -> None:
        """Let some visitors come, until the pools and caches of each process are filled."""
        self.come(WARM_SIZE)
        while self.crowd.calls < WARM_CALLS:
            self.crowd.assert_well()
            await asyncio.sleep(LOOKED_EVERY_S)
        await self.crowd.leave()

    def assert_memory_stays(self) -> None:
        """In the last two thirds of the time, memory has not grown with the number of calls."""
        late = [sample for sample in self.samples if sample.at_s >= EARLY * LENGTH_S]
        growth = {name: growth_mb(late, name) for name in NAMES}
        told = {name: round(mb, 1) for name, mb in growth.items() if mb is not None}
        most = most_mb(late)
        print(f"MB more in {PER_CALLS} calls: {told}, and at most {most:.0f}")
        assert told.keys() >= {WEB, FIRST}, "a process ended that should live on"
        assert max(told.values()) <= most, told


async def test_nothing_stays_behind(system: System, soak: Soak) -> None:
    system.cluster.wait_for_workers()
    await soak.warm_up()
    before = await at_rest(system)
    await soak.run(LENGTH_S)
    crowd = soak.crowd
    print(dict(crowd.done), dict(crowd.missed))
    print(f"{system.logged().count('Traceback')} tracebacks in the log")
    soak.assert_memory_stays()
    await eventually(lambda: more_than(before, system), {}, REST_S)
    assert crowd.missed.total() <= MAX_MISSED * crowd.calls, crowd.missed


async def at_rest(system: System) -> dict[str, Held]:
    """Wait until the visitors have left. Returns what each process then holds."""
    await eventually(lambda: left_over(system), {}, REST_S)
    held = await asyncio.to_thread(system.holds)
    assert held.keys() == {*NAMES}
    return held


async def left_over(system: System) -> dict[str, object]:
    """What visitors have left behind in the database and in Redis."""
    found = {
        "rows of calls without an end": system.unended(),
        "rows of waiting callers": system.waiting(),
        "keys": await asyncio.to_thread(system.keys_that_stay),
    }
    return {name: what for name, what in found.items() if what}


async def more_than(before: dict[str, Held], system: System) -> dict[str, object]:
    """What is there that was not there before: rows, keys, descriptors, threads, tasks."""
    found = await left_over(system)
    held = await asyncio.to_thread(system.holds)
    for name in NAMES:
        if name not in held:
            found[name] = "it is not up"
        elif more := held[name].more_than(before[name]):
            found[name] = more
    return found
