"""A page names addresses that are none of its own: what leaves the server, seen on its wire."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from tests.certificates import authority
from tests.natlab.turn import Coturn

from .calls import new_offer
from .capture import Capture
from .conftest import Target
from .door import Door
from .stage import CALLERS, SERVER, STRANGER, Stage

pytestmark = [pytest.mark.media, pytest.mark.long]

SERVER_6: Final = "2001:db8::10"
ROUTER_6: Final = "2001:db8::1"
NEAR: Final = (ROUTER_6, "fe80::1")
ROUTER_MAC: Final = "02:00:00:00:00:01"
SOMEBODY: Final = ("198.51.100.7", "2001:db8:5::7")
"""On the internet. That checks go there shows that they would go elsewhere too."""
OF_A_LAN: Final = ("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1")
OF_A_LAN_6: Final = ("fd12::1",)
OF_NOBODY: Final = (
    *("127.0.0.1", "0.0.0.0", "169.254.10.1", "169.254.169.254", "100.100.100.200"),
    *("224.0.0.251", "240.0.0.1", SERVER, SERVER_6),
    *("::1", "fd00:ec2::254", "ff02::fb", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe"),
    *("64:ff9b:1::a00:1", "::10.0.0.1", "fe80::1", "::"),
)
ON_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where the kernel sends packets to the unspecified addresses."""
UNSENDABLE: Final = ("255.255.255.255", "203.0.113.255", "::ffff:10.0.0.1", "printer.local")
"""No packet leaves to these from a socket like the bot's, whatever it does."""
PORT: Final = 41234
BY_HAND: Final = 42234
AT_ONCE: Final = 9
"""Addresses that one call names."""
SECRET: Final = "north"
TIMES: Final = 4
"""The page names each address so often: it earns the bytes of the checks by that."""


@pytest.fixture
def routes(stage: Stage) -> Iterator[None]:
    """Make the server one that reaches the internet, so that a packet to anywhere really leaves."""
    ip = stage.server.ip
    ip("addr", "add", f"{SERVER_6}/64", "dev", "eth0", "nodad")
    ip("route", "add", "default", "via", STRANGER)
    ip("-6", "route", "add", "default", "via", ROUTER_6, "dev", "eth0")
    for near in NEAR:
        ip("neigh", "replace", near, "lladdr", ROUTER_MAC, "dev", "eth0", "nud", "permanent")
    yield
    for near in NEAR:
        ip("neigh", "del", near, "dev", "eth0")
    ip("-6", "route", "del", "default")
    ip("route", "del", "default")
    ip("addr", "del", f"{SERVER_6}/64", "dev", "eth0")


@pytest.fixture
def target(
    request: pytest.FixtureRequest, stage: Stage, routes: None, tmp_path: Path
) -> Iterator[Target]:
    """The server as its public addresses make it, with a TURN server."""
    _, *certificate = authority(tmp_path, STRANGER)
    turn = Coturn(
        stage.stranger,
        tmp_path,
        addresses=[STRANGER],
        certificate=(certificate[0], certificate[1]),
        secret=SECRET,
    )
    settings = {
        "VOICEDEMO_PUBLIC_IPS": request.param,
        "VOICEDEMO_COTURN_URLS": f"turn:{STRANGER}:3478?transport=udp",
        "VOICEDEMO_COTURN_SECRET": SECRET,
    }
    with closing(turn), closing(Target(stage, tmp_path, **settings)) as target:
        yield target


@pytest_asyncio.fixture
async def captured(stage: Stage, target: Target) -> AsyncIterator[Capture]:
    with closing(Capture(stage.server)) as capture:
        yield capture


def candidate(host: str, port: int = PORT, *, priority: int = 2130706431) -> str:
    return f"candidate:1 1 udp {priority} {host} {port} typ host"


def candidates(host: str) -> list[str]:
    """The lines that name an address: over UDP, over TCP, and as a relay's."""
    return [
        candidate(host),
        f"candidate:2 1 tcp 2105524479 {host} {PORT} typ host tcptype passive",
        f"candidate:3 1 udp 16777215 {host} {PORT} typ relay raddr {host} rport {PORT}",
    ]


def offer_that_names(hosts: tuple[str, ...]) -> str:
    """An offer with the addresses wherever SDP has room for one."""
    lines = "".join(f"a={candidate(host)}\r\n" for host in hosts)
    version = ip_address(hosts[0]).version
    place = f"IN IP{version} {hosts[0]}"
    return (
        new_offer()
        .replace("IN IP4 0.0.0.0", place)
        .replace("m=audio 9 ", f"m=audio {PORT} ")
        .replace("a=mid:0\r\n", f"a=mid:0\r\na=rtcp:{PORT} {place}\r\n{lines}")
    )


async def name(door: Door, hosts: tuple[str, ...], last: int, captured: Capture) -> None:
    """Name the addresses in a call, and somebody's after them, until those were tried.

    They have the least priority, so the others would have been tried before.

    :param last: the port of somebody's.
    """
    page = await door.socket()
    await page.say(type="offer", sdp=offer_that_names(hosts), generation=1, voice="echo")
    named = [line for host in hosts for line in candidates(host)]
    named += [candidate(host, last, priority=1) for host in SOMEBODY]
    for line in TIMES * named:
        await page.say(type="candidate", candidate={"candidate": line}, generation=1)
    somebody = {(host, last) for host in SOMEBODY}
    await captured.until(lambda: somebody <= captured.udp and (SOMEBODY[0], last) in captured.peers)
    await page.say(type="bye", reason="hangup")


async def name_all(
    open_door: Callable[..., Door], captured: Capture, hosts: tuple[str, ...]
) -> None:
    """Name them in several calls, as one call gets 20 addresses checked at most."""
    groups = [hosts[at : at + AT_ONCE] for at in range(0, len(hosts), AT_ONCE)]
    async with asyncio.timeout(30), asyncio.TaskGroup() as calls:
        for number, group in enumerate(groups):
            door = open_door(CALLERS[number])
            calls.create_task(name(door, group, PORT + 1 + number, captured))


def send(stage: Stage, host: str) -> bool:
    """Send a packet from a socket like the bot's; returns whether the kernel takes it."""
    with stage.server.udp(SERVER_6 if ":" in host else SERVER) as udp:
        try:
            udp.sendto(b"by hand", (host, BY_HAND))
        except OSError:
            return False
    return True


@pytest.mark.parametrize("target", [SERVER], indirect=True)
async def test_no_packet_leaves_to_a_private_address_that_a_page_names(
    stage: Stage, target: Target, captured: Capture, open_door: Callable[..., Door]
) -> None:
    sendable = (*OF_A_LAN, *OF_A_LAN_6, *OF_NOBODY)
    await name_all(open_door, captured, (*sendable, *UNSENDABLE))
    known = {*SOMEBODY, STRANGER, *CALLERS}
    assert {(p.host, p.port) for p in captured.packets if p.host not in known} == set()
    assert {host for host, _ in captured.peers} - {*CALLERS} == {SOMEBODY[0]}
    target.assert_unharmed()

    assert [host for host in UNSENDABLE if send(stage, host)] == []
    assert [host for host in sendable if not send(stage, host)] == []
    there = {(ON_LOOPBACK.get(host) or str(ip_address(host)), BY_HAND) for host in sendable}
    async with asyncio.timeout(10):
        await captured.until(lambda: there <= captured.udp)


@pytest.mark.parametrize("target", ["192.168.77.10"], indirect=True)
async def test_a_server_whose_callers_are_told_a_lan_address_checks_phones_there(
    target: Target, captured: Capture, open_door: Callable[..., Door]
) -> None:
    await name_all(open_door, captured, (*OF_A_LAN, *OF_NOBODY, *UNSENDABLE))
    checked = {host for host, port in captured.udp if port == PORT}
    # This machine's own address may be named within a LAN: browsers run on the server's machine.
    assert checked - {SERVER} == {*OF_A_LAN}
    assert {host for host, _ in captured.peers} >= {*OF_A_LAN}
    target.assert_unharmed()
