"""The probe's ICE agent, against another full agent."""

import asyncio
import copy
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from aioice.ice import Connection

from doctor.probe import path as path_module
from doctor.probe.offer import Credentials
from doctor.probe.path import NoPathError, Path, Terms
from tests.ports import free_port

pytestmark = pytest.mark.media


@pytest_asyncio.fixture
async def path() -> AsyncIterator[Path]:
    terms = Terms("direct", (), ssl.create_default_context(), limited=False, ipv6=False)
    path = Path(terms, lambda data: None, lambda path, found: None, controlling=False)
    await path.gather_candidates()
    yield path
    await path.release()


@pytest_asyncio.fixture
async def bot(path: Path) -> AsyncIterator[Connection]:
    """An agent that nominates, and knows where the path is."""
    bot = Connection(ice_controlling=True, use_ipv6=False)
    bot.remote_username, bot.remote_password = path.local_username, path.local_password
    await bot.gather_candidates()
    for candidate in path.local_candidates:
        await bot.add_remote_candidate(candidate)
    checking = asyncio.create_task(bot.connect())
    yield bot
    checking.cancel()
    with suppress(asyncio.CancelledError):
        await checking
    await bot.close()


async def test_it_finds_a_peer_where_that_says_it_is(path: Path, bot: Connection) -> None:
    for candidate in bot.local_candidates:
        await path.name(candidate)
    await path.establish(Credentials(bot.local_username, bot.local_password))


async def test_checks_from_an_address_that_was_not_named_are_dropped(
    path: Path, bot: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone's NAT drops them too. They would hide that the server names a wrong address."""
    monkeypatch.setattr(path_module, "CONNECT_S", 1.0)
    for candidate in bot.local_candidates:
        wrong = copy.copy(candidate)
        wrong.port = free_port()
        await path.name(wrong)
    with pytest.raises(NoPathError):
        await path.establish(Credentials(bot.local_username, bot.local_password))
