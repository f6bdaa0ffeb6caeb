"""Connections that say nothing, or hardly anything."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from .calls import Calls, seconds_to_connect
from .conftest import Target
from .door import PORT, Door, gone, refusals
from .stage import CALLERS, SERVER, Stage

pytestmark = [pytest.mark.media, pytest.mark.long]

HALF_OPEN = 500
IDLE_A_NETWORK = 20
"""In each of 50 networks: 1,000 sockets."""
SLOW = 300
TRICKLE_S = 8.0
PATIENCE_S = 5.0
"""A new caller waits a second at most when the machine has nothing else to do."""


@pytest.fixture(autouse=True)
def many_descriptors() -> Iterator[None]:
    """The attackers, too, need a descriptor for each connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def open_idle_sockets(door: Door) -> int:
    held = 0
    for _ in range(IDLE_A_NETWORK):
        with refusals():
            await door.socket()
            held += 1
    return held


async def test_idle_connections_keep_nobody_out(
    stage: Stage, target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    await calls.connect(10)
    doors = [open_door(address) for address in CALLERS]
    held = sum(await asyncio.gather(*map(open_idle_sockets, doors)))
    with ExitStack() as half_open:
        for _ in range(HALF_OPEN):
            half_open.enter_context(stage.stranger.connect(*calls.media))
        calls.clear()
        waited = await seconds_to_connect()
        print(f"\n{held} idle sockets, {HALF_OPEN} half-open: a new caller waited {waited:.2f} s")
        assert waited < PATIENCE_S
        print(await calls.assert_all_are_up())
    target.assert_unharmed()


async def trickle(address: str) -> None:
    """Send the head of a request byte by byte, and never its end."""
    _, writer = await asyncio.open_connection(SERVER, PORT, local_addr=(address, 0))
    writer.write(b"GET / HTTP/1.1\r\nHost: ")
    loop = asyncio.get_running_loop()
    end = loop.time() + TRICKLE_S
    with refusals():
        while loop.time() < end:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(1)
    await gone(writer)


async def test_slow_requests_keep_nobody_out(target: Target, calls: Calls) -> None:
    await calls.connect(5)
    target.begin()
    slow = [asyncio.create_task(trickle(CALLERS[n % 50])) for n in range(SLOW)]
    await asyncio.sleep(1)
    waited = await seconds_to_connect()
    print(f"\n{SLOW} slow requests: a new caller waited {waited:.2f} s")
    assert waited < PATIENCE_S
    await calls.assert_all_are_up()
    await asyncio.gather(*slow)
    target.assert_unharmed()


async def test_connections_to_the_media_port_from_one_address_keep_nobody_out(
    stage: Stage, target: Target, calls: Calls
) -> None:
    """More than the port takes in all. Nobody in another network finds it full."""
    await calls.connect(2)
    with ExitStack() as half_open:
        for _ in range(1_100):
            half_open.enter_context(stage.stranger.connect(*calls.media))
        reader, writer = await asyncio.open_connection(*calls.media, local_addr=(CALLERS[30], 0))
        writer.write(b"\x00")  # the first byte of a frame's length
        try:
            with pytest.raises(TimeoutError):  # still open after a second
                await asyncio.wait_for(reader.read(1), 1)
        finally:
            await gone(writer)
        await calls.assert_all_are_up()
    target.assert_unharmed()
