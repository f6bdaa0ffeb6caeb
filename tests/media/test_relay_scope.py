"""Where a relay sends: to the internet, and not to the machines behind it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed

from bot.ice.turn import TurnServer, turn_servers
from doctor import relay_scope
from signaling.ice.coturn import CoturnProvider
from tests.media.turnserver import SHIPPED, turnserver
from tests.ports import HERE
from wire.findings import Status

pytestmark = pytest.mark.media

SECRET = "north"
IN_IPV6 = ("--listening-ip=::1", "--relay-ip=::1")
"""A relay in IPv6 too, as on most servers."""


@asynccontextmanager
async def coturn(
    folder: Path, *options: str, config: Path | None = None
) -> AsyncIterator[TurnServer]:
    auth = ("--use-auth-secret", f"--static-auth-secret={SECRET}", "--no-tls")
    async with turnserver(folder, *auth, *options, config=config) as port:
        issued = await CoturnProvider([f"turn:{HERE}:{port}"], SECRET).issue(
            "a-call", timedelta(minutes=5)
        )
        (server,) = turn_servers(issued.servers)
        yield server


async def granted(server: TurnServer, *addresses: str) -> list[str]:
    """The addresses that the server would send to."""
    async with relay_scope.allocated(server, in_ipv6=":" in addresses[0]) as client:
        answers = await asyncio.gather(*(relay_scope.is_granted(client, it) for it in addresses))
    return [address for address, answer in zip(addresses, answers, strict=True) if answer]


async def test_the_shipped_configuration_refuses_what_the_doctor_asks_for(tmp_path: Path) -> None:
    async with coturn(tmp_path, *IN_IPV6, config=SHIPPED) as server:
        finding = await relay_scope.scope(server)
    assert finding.status is Status.GOOD, finding.detail


@pytest.mark.parametrize(
    "networks",
    [
        *("0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12",),
        *("192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 203.0.113.0/24 224.0.0.0/3",),
        *("::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32",),
        *("2001:db8::/32 2002::/16 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8",),
    ],
)
async def test_the_shipped_configuration_relays_to_the_internet_alone(
    tmp_path: Path, networks: str
) -> None:
    """Both ends of each network, where a list of ranges is most often wrong, and some between."""
    addresses = [str(address) for network in networks.split() for address in some(network)]
    public = {False: ["9.9.9.9", "172.32.0.1"], True: ["2620:fe::9", "2a00:1450::7f00:1"]}
    async with coturn(tmp_path, *IN_IPV6, config=SHIPPED) as server:
        assert await granted(server, *addresses) == []
        internet = public[":" in addresses[0]]
        assert await granted(server, *internet) == internet


def some(network: str) -> list[IPv4Address | IPv6Address]:
    inside = ip_network(network)
    between = (random.randrange(inside.num_addresses) for _ in range(5))
    return [inside[0], inside[1], inside[-1], *(inside[number] for number in between)]


async def test_an_open_relay_is_told_what_it_reaches(tmp_path: Path) -> None:
    async with coturn(tmp_path, *IN_IPV6) as server:
        finding = await relay_scope.scope(server)
    assert finding.status is Status.BAD
    for address in ("127.0.0.53", "10.201.7.3", "169.254.169.254", "::ffff:127.0.0.1"):
        assert f" {address}" in finding.detail
    assert "deploy/coturn/turnserver.conf" in finding.next_step


async def test_a_mapped_address_is_no_way_around_a_denied_one(tmp_path: Path) -> None:
    """CVE-2026-27624: the usual list of denied networks does not hold before coturn 4.9.0."""
    private = (
        "10.0.0.0-10.255.255.255",
        "127.0.0.0-127.255.255.255",
        "169.254.0.0-169.254.255.255",
    )
    usual = [f"--denied-peer-ip={network}" for network in private]
    async with coturn(tmp_path, *IN_IPV6, *usual) as server:
        finding = await relay_scope.scope(server)
        is_mended = not await granted(server, "::ffff:10.201.7.3")
    assert " 10.201.7.3" not in finding.detail
    assert ("::ffff:10.201.7.3" in finding.detail) is not is_mended


async def test_one_call_cannot_take_all_allocations(tmp_path: Path) -> None:
    async with (
        coturn(tmp_path, "--user-quota=3", config=SHIPPED) as server,
        AsyncExitStack() as open_,
    ):
        for _ in range(3):
            await open_.enter_async_context(relay_scope.allocated(server, in_ipv6=False))
        with pytest.raises(TransactionFailed, match="486"):
            await open_.enter_async_context(relay_scope.allocated(server, in_ipv6=False))
