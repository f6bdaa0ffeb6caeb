"""Reflexive and relayed candidates from a real coturn, and servers that do not answer."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import astuple
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from aioice.candidate import Candidate

from bot.ice import endpoints as endpoints_module
from bot.ice import gather as gather_module
from bot.ice.agent import IceAgent
from bot.ice.endpoints import IceConfig, IceEndpoints
from bot.ice.gather import StunServer
from bot.ice.media_port import MediaPort
from bot.ice.switch import Switch
from bot.ice.turn import TurnServer
from tests.media.test_agent import Quiet
from tests.media.turnserver import turnserver
from tests.ports import HERE, free_port

pytestmark = pytest.mark.media

DEAD = "127.0.0.9"


@pytest_asyncio.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[int]:
    """The port of a TURN server that knows the user ``phone`` with the password ``secret``."""
    async with turnserver(tmp_path, "--no-tls", "--lt-cred-mech", "--user=phone:secret") as port:
        yield port


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints_module, "host_addresses", lambda: [HERE])


async def opened(config: IceConfig) -> tuple[IceEndpoints, IceAgent]:
    endpoints = IceEndpoints(config)
    await endpoints.open()
    return endpoints, await endpoints.open_agent(Switch(Quiet()))


async def relayed(*servers: TurnServer) -> list[Candidate]:
    endpoints, agent = await opened(IceConfig())
    found = [candidate async for candidate in endpoints.relayed(agent, servers)]
    await agent.close()
    endpoints.close()
    return found


async def test_a_stun_server_tells_how_the_world_sees_the_shared_port(coturn: int) -> None:
    config = IceConfig(public_ips=("192.0.2.99",), stun_servers=(StunServer(HERE, coturn),))
    endpoints, agent = await opened(config)
    (candidate,) = [candidate async for candidate in endpoints.reflexive(agent)]
    assert (candidate.type, candidate.host) == ("srflx", HERE)
    assert candidate.related_address == "192.0.2.99"
    await agent.close()
    endpoints.close()


async def test_a_dead_stun_server_is_asked_once_for_many_calls() -> None:
    endpoints, agent = await opened(IceConfig(stun_servers=(StunServer(DEAD, 9),)))
    searches = [asyncio.create_task(anext(endpoints.reflexive(agent), None)) for _ in range(10)]
    await asyncio.sleep(0.1)
    assert len(agent.media_port._by_transaction) == 1
    for search in searches:
        search.cancel()
    await agent.close()
    endpoints.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_turn_server_gives_a_relayed_candidate(coturn: int, transport: str) -> None:
    server = TurnServer.parse(f"turn:{HERE}:{coturn}?transport={transport}", "phone", "secret")
    (candidate,) = await relayed(server)
    assert (candidate.type, candidate.host) == ("relay", HERE)


async def test_a_refused_credential_costs_only_its_own_candidate(coturn: int) -> None:
    url = f"turn:{HERE}:{coturn}?transport=udp"
    servers = tuple(TurnServer.parse(url, "phone", word) for word in ("wrong", "secret"))
    found = await relayed(*servers)
    assert [candidate.type for candidate in found] == ["relay"]


async def test_a_dead_server_does_not_hold_up_a_live_one(coturn: int) -> None:
    servers = [
        TurnServer.parse(f"turn:{host}:{port}?transport=udp", "phone", "secret")
        for host, port in ((DEAD, 9), (HERE, coturn))
    ]
    endpoints, agent = await opened(IceConfig())
    search = endpoints.relayed(agent, servers)
    first = await asyncio.wait_for(anext(search), 2)
    assert first.type == "relay"
    await cast(AsyncGenerator[Candidate], search).aclose()
    await agent.close()
    endpoints.close()


def every_candidate(phone: IceAgent) -> list[Candidate]:
    return [Candidate.from_sdp(host.to_sdp()) for host in phone.local_candidates]


def none_that_is_true(phone: IceAgent) -> list[Candidate]:
    """A phone behind a NAT without a STUN server cannot signal where its checks come from."""
    return []


@pytest.mark.parametrize("signalled", [every_candidate, none_that_is_true])
async def test_the_call_runs_over_the_relay_where_nothing_else_does(
    coturn: int, signalled: Callable[[IceAgent], list[Candidate]]
) -> None:
    server = TurnServer.parse(f"turn:{HERE}:{coturn}?transport=udp", "phone", "secret")
    endpoints, bot = await opened(IceConfig())
    (candidate,) = [
        candidate async for candidate in endpoints.relayed(bot, [server], ip_address(HERE))
    ]
    far, phone = await opened(IceConfig())
    bot.earn(3000)  # the bytes of its offer
    phone.earn(3000)
    bot.start(phone.local_ufrag, phone.local_pwd)
    phone.role.controlling = False
    phone.role.tie_breaker = 1
    phone.start(bot.local_ufrag, bot.local_pwd)
    for base in list(bot._checklist.bases):
        if base.candidate.type == "host":
            bot._checklist.bases.remove(base)
    for host in signalled(phone):
        bot.add(host)
    phone.add(Candidate.from_sdp(candidate.to_sdp()))
    async with asyncio.timeout(10):
        while not (bot.describe() and phone.describe()):
            await asyncio.sleep(0.02)
    assert bot.describe()["local"] == "relay"
    assert phone.describe()["remote"] == "relay"
    for agent in (bot, phone):
        await agent.close()
    for each in (endpoints, far):
        each.close()


async def test_no_address_family_outranks_the_other() -> None:
    """Otherwise a relayed pair over one outranks a direct pair over the other.

    See docs/browsers.md#chromium-ip-versions.
    """
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    port = MediaPort(["127.0.0.1", "::1", "127.0.0.2"])
    await port.open()
    priorities = [base.candidate.priority for base in port.bases]
    port.close()
    assert priorities[0] == priorities[1] > priorities[2]


async def failures_of(*servers: TurnServer) -> list[tuple[str, int, str]]:
    told: list[tuple[str, int, str]] = []
    endpoints, agent = await opened(IceConfig())
    search = endpoints.relayed(agent, servers, failed=lambda failure: told.append(astuple(failure)))
    assert [candidate async for candidate in search] == []
    await agent.close()
    endpoints.close()
    return told


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_turn_server_that_is_stopped_is_said_at_once(transport: str) -> None:
    url = f"turn:{HERE}:{free_port()}?transport={transport}"
    async with asyncio.timeout(endpoints_module.GATHER_S / 2):
        told = await failures_of(TurnServer.parse(url, "phone", "secret"))
    assert told == [(url, 701, "connection refused")]


async def test_a_turn_server_that_keeps_silent_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoints_module, "ANSWER_S", 0.1)
    monkeypatch.setattr(endpoints_module, "GATHER_S", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HERE, 0))
        url = f"turn:{HERE}:{silent.getsockname()[1]}?transport=udp"
        told = await failures_of(TurnServer.parse(url, "phone", "secret"))
    assert told == [(url, 701, "no answer")]


async def test_a_page_that_restarts_ice_does_not_hide_a_silent_turn_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page that finds no path restarts ICE every few seconds, and that ends the search."""
    monkeypatch.setattr(endpoints_module, "ANSWER_S", 0.1)
    told = asyncio.Event()
    endpoints, agent = await opened(IceConfig())
    with socket.create_server((HERE, 0)) as silent:  # it accepts connections, and says nothing
        url = f"turns:{HERE}:{silent.getsockname()[1]}?transport=tcp"
        servers = [TurnServer.parse(url, "phone", "secret")]
        search = endpoints.relayed(agent, servers, failed=lambda failure: told.set())
        task = asyncio.create_task(anext(search, None))
        async with asyncio.timeout(endpoints_module.GATHER_S / 2):
            await told.wait()
        assert not task.done(), "it may still answer"
        task.cancel()
    await agent.close()
    endpoints.close()


async def test_a_turn_server_that_refuses_the_credential_is_said(coturn: int) -> None:
    url = f"turn:{HERE}:{coturn}?transport=tcp"
    told = await failures_of(TurnServer.parse(url, "phone", "wrong"))
    assert told == [(url, 401, "Unauthorized")]


async def test_a_turn_server_without_tls_is_said(coturn: int) -> None:
    url = f"turns:{HERE}:{coturn}?transport=tcp"
    ((told, code, text),) = await failures_of(TurnServer.parse(url, "phone", "secret"))
    assert (told, code) == (url, 701)
    assert text


async def test_a_stun_server_that_keeps_silent_is_said_to_every_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gather_module, "GIVE_UP_S", 0.2)
    endpoints, agent = await opened(IceConfig(stun_servers=(StunServer(DEAD, 9),)))
    told: list[tuple[str, int, str]] = []
    for _ in range(2):
        search = endpoints.reflexive(agent, lambda failure: told.append(astuple(failure)))
        assert [candidate async for candidate in search] == []
    assert told == 2 * [(f"stun:{DEAD}:9", 701, "no answer")]
    await agent.close()
    endpoints.close()
