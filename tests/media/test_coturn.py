"""Tries the credentials of the coturn provider with coturn's own client."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from signaling.ice.coturn import CoturnProvider
from tests.media.turnserver import turnserver
from tests.ports import HERE

pytestmark = pytest.mark.media

SECRET = "north"


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return output.decode()


@pytest_asyncio.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    auth = ("--use-auth-secret", f"--static-auth-secret={SECRET}")
    async with turnserver(tmp_path, "--no-tls", *auth) as port:
        yield port


async def relays(port: int, ttl: timedelta, wait_s: float = 0) -> str:
    issued = await CoturnProvider([f"turn:{HERE}:{port}"], SECRET).issue("call-1", ttl)
    (server,) = issued.servers
    await asyncio.sleep(wait_s)
    client = shutil.which("turnutils_uclient")
    assert client, "turnutils_uclient is missing: it is part of coturn"
    options = ("-y", "-c", "-n", "2", "-m", "1", "-l", "40", "-p", str(port))
    user = ("-u", server.username or "", "-w", server.credential or "")
    return await run("timeout", "20", client, *options, *user, HERE)


async def test_coturns_own_client_relays_with_what_is_issued(port: int) -> None:
    output = await relays(port, timedelta(minutes=45))
    assert "Total lost packets 0" in output
    assert "tot_recv_msgs=4" in output


async def test_expired_credentials_are_refused(port: int) -> None:
    output = await relays(port, timedelta(seconds=1), wait_s=2.1)
    assert "Cannot complete Allocation" in output
