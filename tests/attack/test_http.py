"""Requests that are too many or too large, while calls are up."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from .calls import Calls
from .conftest import Target
from .door import PORT, Door, gone, refusals
from .stage import CALLERS, SERVER

pytestmark = [pytest.mark.media, pytest.mark.long]

MEGABYTE = bytes(1_000_000)
BODY_MB = 150
PATHS = ("/healthz", "/api/check/", "/", "/nowhere")


async def endless() -> AsyncIterator[bytes]:
    for _ in range(BODY_MB):
        yield MEGABYTE


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_is_too_large_costs_no_memory(
    target: Target, calls: Calls, open_door: Callable[..., Door], path: str
) -> None:
    """Sent in chunks, so that no Content-Length announces it."""
    await calls.connect(1)
    target.begin()
    with refusals():
        response = await open_door(CALLERS[40]).http.post(path, content=endless())
        assert response.status_code == 413
    await calls.assert_all_are_up()
    target.assert_unharmed()


async def test_a_body_that_is_announced_as_too_large_is_not_waited_for(
    target: Target, calls: Calls
) -> None:
    await calls.connect(1)
    reader, writer = await asyncio.open_connection(SERVER, PORT, local_addr=(CALLERS[40], 0))
    writer.write(
        f"POST /api/check/ HTTP/1.1\r\nHost: {SERVER}:{PORT}\r\n"
        "Content-Length: 200000000\r\n\r\n".encode()
    )
    try:
        async with asyncio.timeout(5):
            assert b" 413 " in await reader.readline()
    finally:
        await gone(writer)
    target.assert_unharmed()


async def test_a_flood_of_requests_stalls_no_call(
    target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    await calls.connect(5)
    target.begin()
    statuses = set[int]()
    loop = asyncio.get_running_loop()
    end = loop.time() + 5

    async def ask(door: Door) -> None:
        while loop.time() < end:
            with refusals():
                for path in ("/", "/api/ticket/", "/api/ice/", f"/{len(statuses)}x", "/metrics"):
                    statuses.add((await door.http.get(path)).status_code)

    calls.clear()
    doors = [open_door(CALLERS[40]) for _ in range(10)]
    await asyncio.gather(*map(ask, doors))
    print(f"\nduring the flood: {calls.heard()}; statuses {sorted(statuses)}")
    assert max(statuses) < 500
    await calls.assert_all_are_up()
    target.assert_unharmed()


async def test_paths_and_headers_without_end_cost_no_memory(
    target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    """Whatever a client may choose must not become the label of a metric."""
    await calls.connect(1)
    http = open_door(CALLERS[40]).http
    before = len(target.metrics())
    target.begin()
    for number in range(300):
        for path in ("/api/ticket/", "/api/ice/"):
            headers = {"Daphne-Root-Path": f"/{number}"}
            with refusals():
                await http.get(f"/{number}{path}?{number}", headers=headers)
    after = len(target.metrics())
    print(f"\n/metrics: {before} bytes before, {after} after")
    assert after < before + 2_000
    await calls.assert_all_are_up()
    target.assert_unharmed()
