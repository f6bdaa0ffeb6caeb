"""Two processes with pages, one Redis: what a network may have, it may have once."""

import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.redis import Redis

from .server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.alone]

TIMES = 55
"""Less than one process allows in a moment by itself (signaling/limits.py)."""


@pytest.fixture
def pair(tmp_path: Path, redis: Redis) -> Iterator[tuple[Server, Server]]:
    """They share a folder, and with it key and database, as on one machine."""
    first, second = (
        Server.start(tmp_path / "var", command=("serve", "--no-bot"), REDIS_URL=redis.url)
        for _ in range(2)
    )
    yield first, second
    first.stop()
    second.stop()


def asked(server: Server) -> list[int]:
    """The statuses of so many requests for tickets."""

    def ask(_: int) -> int:
        try:
            with urllib.request.urlopen(server.url + "api/ticket/") as answer:
                return answer.status
        except HTTPError as exc:
            return exc.code

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(ask, range(TIMES)))


def test_a_network_that_asks_two_processes_gets_no_more_than_from_one(
    pair: tuple[Server, Server],
) -> None:
    assert set(asked(pair[0])) == {200}
    assert asked(pair[1]).count(429) > TIMES // 2


def test_while_redis_is_away_each_process_limits_by_itself_and_fails_nobody(
    pair: tuple[Server, Server], redis: Redis
) -> None:
    asked(pair[0])
    redis.stop()
    statuses = [asked(pair[1]) for _ in range(2)]
    assert set(statuses[0]) == {200}
    assert set(statuses[1]) == {200, 429}
    assert pair[1].metric("voicedemo_counted_alone_total") >= 2 * TIMES
