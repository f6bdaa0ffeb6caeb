"""Why the probe found no path. `tests/natlab/test_probe.py` has the same in real networks."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from aioice.candidate import Candidate

from doctor.probe.diagnosis import explain
from doctor.probe.path import Path, Terms
from doctor.probe.ways import Way
from tests.ports import HERE, free_port

pytestmark = pytest.mark.media

ELSEWHERE = "127.0.0.2"

MakePath = Callable[..., Path]


@pytest.fixture
def make_path() -> MakePath:
    def make(*named: Candidate, way: Way = "direct", stun_answers: bool | None = None) -> Path:
        terms = Terms(way, (), ssl.create_default_context(), limited=False, ipv6=False)
        path = Path(terms, lambda data: None, lambda path, found: None, controlling=True)
        path.named += named
        path.stun_answers = stun_answers
        return path

    return make


def at(port: int, host: str = HERE) -> Candidate:
    return Candidate("1", 1, "udp", 1, host, port, "host")


@pytest_asyncio.fixture
async def open_port() -> AsyncIterator[int]:
    """A port that takes TCP connections."""
    async with await asyncio.start_server(lambda reader, writer: writer.close(), HERE, 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_port_that_is_closed_for_both_is_named(make_path: MakePath) -> None:
    port = free_port()
    found = (await explain(make_path(at(port), stun_answers=True), HERE)).fault
    assert found.code == "port_closed"
    assert found.sentence == f"The media port {HERE}:{port} is closed for UDP and TCP."


async def test_a_port_that_is_closed_for_udp_alone_is_named(
    make_path: MakePath, open_port: int
) -> None:
    found = (await explain(make_path(at(open_port), stun_answers=True), HERE)).fault
    assert found.code == "port_closed"
    assert found.sentence.endswith("is closed for UDP.")


@pytest.mark.parametrize("stun_answers", [False, None])
async def test_where_stun_does_not_answer_either_udp_is_blocked(
    make_path: MakePath, open_port: int, stun_answers: bool | None
) -> None:
    found = (await explain(make_path(at(open_port), stun_answers=stun_answers), HERE)).fault
    assert found.code == "udp_blocked"


async def test_an_address_that_is_not_the_pages_is_named(make_path: MakePath) -> None:
    found = (await explain(make_path(at(free_port(), ELSEWHERE)), "localhost")).fault
    assert found.code == "wrong_ip"
    assert ELSEWHERE in found.sentence
    assert HERE in found.sentence


async def test_a_closed_tcp_port_is_named(make_path: MakePath) -> None:
    found = (await explain(make_path(at(free_port()), way="ice-tcp"), HERE)).fault
    assert found.code == "port_closed"
    assert found.sentence.endswith("is closed for TCP.")


async def test_a_bot_that_names_no_address_is_named(make_path: MakePath) -> None:
    assert (await explain(make_path(), HERE)).fault.code == "no_candidate"
