"""Relayed candidates (RFC 8445, 5.1.1.2): allocations on TURN servers."""

import asyncio
import logging
import ssl
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Any, Final

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.stun import TransactionError
from aioice.turn import TurnTransport, create_turn_endpoint
from aioice.utils import random_transaction_id

from wire import ice_urls
from wire.constants import RelayProtocol
from wire.model import IceServer

from . import stun
from .media_port import Owner
from .path import Address, IPAddress

log = logging.getLogger("voicedemo.turn")

DISCARD_PORT: Final = 9
"""RFC 863."""
MAX_REFUSALS: Final = 3
REFUSED_S: Final = 0.2
"""A server that is being restarted has so many tries, so far apart."""


@dataclass(frozen=True)
class TurnServer:
    """A TURN server and the credential to use there."""

    host: str
    port: int
    transport: ice_urls.Transport
    tls: bool
    username: str
    credential: str = field(repr=False)
    url: str = field(default="", compare=False)

    @property
    def protocol(self) -> RelayProtocol:
        """How it is reached."""
        return "tls" if self.tls else self.transport

    @classmethod
    def parse(cls, url: str, username: str, credential: str) -> "TurnServer":
        """Read a TURN URL.

        :raises ValueError: if it is not one (RFC 7065).
        """
        parsed = ice_urls.parse(url)
        if parsed.kind == "stun":
            raise ValueError(f"{url!r} is not a TURN URL")
        return cls(
            host=parsed.host,
            port=parsed.port,
            transport=parsed.transport,
            tls=parsed.scheme == "turns",
            username=username,
            credential=credential,
            url=url,
        )


def turn_servers(servers: Iterable[IceServer]) -> tuple[TurnServer, ...]:
    """The TURN servers among ``servers``, one for each URL. Malformed URLs are skipped."""
    found = []
    for server in servers:
        for url in server.urls:
            if not url.startswith(("turn:", "turns:")):
                continue
            try:
                found.append(TurnServer.parse(url, server.username or "", server.credential or ""))
            except ValueError as exc:
                log.warning("TURN server skipped: %s", exc)
    return tuple(found)


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
        """Milliseconds from the first packet to the last, STUN not counted."""
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

        A peer behind a NAT that knows only its own addresses sends its checks from an address that
        was never signalled. Without a permission the server drops them.
        """
        if host.version == ip_address(self.candidate.host).version:
            # aioice binds a channel before it sends, and that installs the permission.
            self._transport.sendto(b"", (str(host), DISCARD_PORT))

    def _count(self, data: bytes) -> None:
        self.bytes += len(data)
        if not stun.is_stun(data):
            self._last = self._loop.time()
            self._first = self._first or self._last

    def close(self) -> None:
        self._transport.close()


Endpoint = tuple[TurnTransport, RelayBase]


@cache
def trust() -> ssl.SSLContext:
    """The certificates this machine trusts.

    Reading them takes longer than a packet of audio may wait, so they are read once. Call it in a
    thread while calls are running.
    """
    return ssl.create_default_context()


async def allocate(owner: Owner, server: TurnServer, preference: int = 65535) -> RelayBase:
    """Allocate a relayed address, whose packets go to ``owner``.

    :param preference: local preference among relayed candidates, 65535 for the best (RFC 8445,
        5.1.2.1).
    :raises OSError: if the server cannot be reached.
    :raises TransactionError: if it refuses, or does not answer.
    """
    tls = await asyncio.to_thread(trust) if server.tls else None
    endpoint = create_turn_endpoint(
        lambda: RelayBase(owner, server, preference),
        server_addr=(server.host, server.port),
        username=server.username,
        password=server.credential,
        ssl=tls,
        transport=server.transport,
    )
    _, base = await (_unless_refused(endpoint, server) if server.transport == "udp" else endpoint)
    return base


async def _unless_refused(endpoint: Coroutine[Any, Any, Endpoint], server: TurnServer) -> Endpoint:
    """Wait for an allocation over UDP, but not if ICMP says again and again that nobody is there.

    A transaction fails then (RFC 8489, 6.2.1). aioice goes on to ask for half a minute.

    :raises ConnectionRefusedError: if ICMP says so.
    """
    allocation = asyncio.ensure_future(endpoint)
    loop = asyncio.get_running_loop()
    try:
        transport, probe = await loop.create_datagram_endpoint(
            lambda: _Probe(allocation), remote_addr=(server.host, server.port)
        )
    except BaseException:
        allocation.cancel()
        raise
    try:
        return await allocation
    except asyncio.CancelledError:
        if probe.is_refused:
            raise ConnectionRefusedError("connection refused") from None
        raise
    finally:
        allocation.cancel()
        transport.close()


class _Probe(asyncio.DatagramProtocol):
    """Asks a server for a binding, and cancels the allocation if the port stays closed."""

    is_refused = False

    def __init__(self, allocation: asyncio.Future[Any]) -> None:
        self._allocation = allocation
        self._refusals = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self._ask()

    def error_received(self, exc: Exception) -> None:
        if not isinstance(exc, ConnectionRefusedError):
            return
        self._refusals += 1
        if self._refusals < MAX_REFUSALS:
            asyncio.get_running_loop().call_later(REFUSED_S, self._ask)
        else:
            self.is_refused = True
            self._allocation.cancel()

    def _ask(self) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(bytes(stun.binding_request(random_transaction_id())))


__all__ = ["RelayBase", "TransactionError", "TurnServer", "allocate", "trust", "turn_servers"]
