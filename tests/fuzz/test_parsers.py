"""Whatever a stranger sends, a parser says no in its own way, and never raises anything else.

An input that made one fail is kept in ``corpus/``, where it is the first to be tried.
"""

import asyncio
import logging
import os
import time

import pytest

from .mutate import Mutator
from .targets import TARGETS, Target

pytestmark = [pytest.mark.unit, pytest.mark.filterwarnings("ignore::ResourceWarning")]

QUICK = 5_000
"""Inputs for all parsers together, in `make test`."""
MANY = int(os.environ.get("FUZZ_INPUTS", 1_000_000))
"""The same in `make test-all`, or what `make fuzz N=…` asks for."""
SEED = int(os.environ.get("FUZZ_SEED", 1))
BREATH = 200
"""Inputs after which timers and sockets get their turn."""


@pytest.fixture(params=TARGETS, ids=lambda target: target.name)
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found


async def fuzz(target: Target, count: int, caplog: pytest.LogCaptureFixture) -> None:
    """Feed the target good inputs, then changed ones.

    :raises AssertionError: with the input in hexadecimal, if the target raises or logs an error.
    """
    caplog.set_level(logging.ERROR)
    async with target.open() as (feed, inputs):
        mutator = Mutator(inputs, SEED)
        began = time.process_time()
        for number in range(count):
            data = inputs[number] if number < len(inputs) else mutator.next()
            try:
                await feed(data, mutator.dice)
            except Exception as exc:
                raise AssertionError(f"{target.name} fails on {data.hex()}") from exc
            assert not caplog.records, f"{target.name} logs an error on {data.hex()}"
            if number % BREATH == 0:
                await asyncio.sleep(0)
        took = time.process_time() - began
    print(f"\n{target.name}: {count} inputs, {count / max(took, 1e-9):.0f} a second")


async def test_a_parser_says_no_in_its_own_way(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    await fuzz(target, round(QUICK * target.share), caplog)


@pytest.mark.long
async def test_a_parser_says_no_a_million_times(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    await fuzz(target, round(MANY * target.share), caplog)
