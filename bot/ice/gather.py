"""Server-reflexive and relayed candidates (RFC 8445, 5.1.1.2), from every server, all at once."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Literal

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.stun import TransactionError
from aioice.turn import TurnTransport, create_turn_endpoint
from aiortc.rtcicetransport import parse_stun_turn_uri

from wire.model import IceServer

from . import stun
from .media_port import MediaPort, Owner, UdpBase
from .path import Address, Base, IPAddress

log = logging.getLogger("voicedemo.gather")

FIRST_RETRY_S = 0.25
GIVE_UP_S = 8.0
DISCARD_PORT = 9
"""RFC 863."""


@dataclass(frozen=True)
class StunServer:
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> "StunServer":
        """:raises ValueError: where it is no STUN URL (RFC 7064)."""
        parsed = parse_stun_turn_uri(url)
        return cls(parsed["host"], parsed["port"])


@dataclass(frozen=True)
class TurnServer:
    host: str
    port: int
    transport: Literal["udp", "tcp"]
    tls: bool
    username: str
    credential: str = field(repr=False)
    url: str = field(default="", compare=False)

    @property
    def protocol(self) -> str:
        """How it is reached: ``udp``, ``tcp`` or ``tls``."""
        return "tls" if self.tls else self.transport

    @classmethod
    def parse(cls, url: str, username: str, credential: str) -> "TurnServer":
        """:raises ValueError: where it is no TURN URL (RFC 7065)."""
        parsed = parse_stun_turn_uri(url)
        return cls(
            host=parsed["host"],
            port=parsed["port"],
            transport=parsed["transport"],
            tls=parsed["scheme"] == "turns",
            username=username,
            credential=credential,
            url=url,
        )


def turn_servers(servers: Iterable[IceServer]) -> tuple[TurnServer, ...]:
    """The TURN servers among these, a URL each; one that cannot be read is left out."""
    found = []
    for server in servers:
        for url in server.urls:
            if not url.startswith(("turn:", "turns:")):
                continue
            try:
                found.append(TurnServer.parse(url, server.username or "", server.credential or ""))
            except ValueError:
                log.warning("%s cannot be read", url)
    return tuple(found)


class _Binding:
    """One Binding request from a shared base, sent again until answered (RFC 8489, 6.2.1)."""

    def __init__(self, port: MediaPort, base: UdpBase, server: Address) -> None:
        self._port = port
        self._base = base
        self._server = server
        self._request = stun.binding_request()
        self._answer: asyncio.Future[Address] = asyncio.get_running_loop().create_future()

    async def mapped_address(self) -> Address:
        """:raises TimeoutError: where the server does not answer."""
        self._port.expect(self._request.transaction_id, self)
        retry = asyncio.create_task(self._send())
        try:
            return await asyncio.wait_for(self._answer, GIVE_UP_S)
        finally:
            retry.cancel()
            self._port.forget(self._request.transaction_id)

    async def _send(self) -> None:
        wait = FIRST_RETRY_S
        while True:
            self._base.send(bytes(self._request), self._server)
            await asyncio.sleep(wait)
            wait *= 2

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        try:
            mapped = stun.parse(data).attributes.get("XOR-MAPPED-ADDRESS")
        except ValueError:
            return
        if mapped is not None and remote == self._server and not self._answer.done():
            self._answer.set_result(mapped)

    def base_lost(self, base: Base) -> None:
        """A UDP base lasts as long as its port."""


async def reflexive_candidate(
    port: MediaPort, base: UdpBase, server: StunServer
) -> Candidate | None:
    """How ``server`` sees ``base``; None where it is of another address family.

    :raises OSError: where the server's name or address leads nowhere.
    :raises TimeoutError: where it does not answer.
    """
    family = socket.AF_INET6 if ":" in base.local[0] else socket.AF_INET
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            server.host, server.port, family=family, type=socket.SOCK_DGRAM
        )
    except socket.gaierror:
        return None
    host, number = await _Binding(port, base, found[0][4][:2]).mapped_address()  # type: ignore[arg-type]
    return Candidate(
        foundation=candidate_foundation("srflx", "udp", base.local[0]),
        component=1,
        transport="udp",
        priority=candidate_priority(1, "srflx", base.preference),
        host=host,
        port=number,
        type="srflx",
        related_address=base.candidate.host,
        related_port=base.candidate.port,
    )


class RelayBase(asyncio.DatagramProtocol):
    """An allocation on a TURN server (RFC 8656), as a base to check and send from."""

    candidate: Candidate

    def __init__(self, owner: Owner, server: TurnServer, preference: int) -> None:
        self.server = server
        self._preference = preference
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._first = self._last = 0.0
        self.bytes = 0
        """Sent and received."""

    @property
    def ms(self) -> int:
        """From the first packet to the last, STUN apart."""
        return round(1000 * (self._last - self._first))

    def connection_made(self, transport: TurnTransport) -> None:  # type: ignore[override]
        self._transport = transport
        host, port = transport.get_extra_info("sockname")
        related = transport.get_extra_info("related_address")
        self.candidate = Candidate(
            foundation=candidate_foundation("relay", "udp", host),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "relay", self._preference),
            host=host,
            port=port,
            type="relay",
            related_address=related[0],
            related_port=related[1],
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._count(data)
        self._owner.receive(self, data, (addr[0], addr[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.base_lost(self)

    def error_received(self, exc: Exception) -> None:
        log.debug("relay: %s", exc)

    def send(self, data: bytes, remote: Address) -> None:
        self._count(data)
        self._transport.sendto(data, remote)

    def permit(self, host: IPAddress) -> None:
        """Let packets from ``host`` in, whatever their port (RFC 8656, 9).

        A peer behind a NAT that knows no candidate but its own addresses has a check arrive from
        one that was never signalled, and the server would drop it.
        """
        if host.version == ip_address(self.candidate.host).version:
            self._transport.sendto(b"", (str(host), DISCARD_PORT))  # with the channel it binds

    def _count(self, data: bytes) -> None:
        self.bytes += len(data)
        if not stun.is_stun(data):
            self._last = self._loop.time()
            self._first = self._first or self._last

    def close(self) -> None:
        self._transport.close()


@cache
def trust() -> ssl.SSLContext:
    """Reading it takes longer than a packet of audio may wait: once, and in a thread."""
    return ssl.create_default_context()


async def allocate(owner: Owner, server: TurnServer, preference: int = 65535) -> RelayBase:
    """Get a relayed address for ``owner``.

    :param preference: among relayed candidates, 65535 for the best (RFC 8445, 5.1.2.1).
    :raises OSError: where the server cannot be reached.
    :raises TransactionError: where it refuses, or does not answer.
    """
    tls = await asyncio.to_thread(trust) if server.tls else None
    _, base = await create_turn_endpoint(
        lambda: RelayBase(owner, server, preference),
        server_addr=(server.host, server.port),
        username=server.username,
        password=server.credential,
        ssl=tls,
        transport=server.transport,
    )
    return base


__all__ = [
    "RelayBase",
    "StunServer",
    "TransactionError",
    "TurnServer",
    "allocate",
    "reflexive_candidate",
    "turn_servers",
]
