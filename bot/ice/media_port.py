"""One UDP port and one TCP port for all calls of a worker.

The calls are told apart by ufrag, then by address, then by SSRC.
"""

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import product
from typing import Final, Protocol

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.utils import random_string, random_transaction_id

from . import stun
from .path import Address, Base, is_rtp, rtp_ssrc
from .remotes import RemotePolicy
from .tcp import TcpBase, TcpConnections

log = logging.getLogger("voicedemo.port")

RECEIVE_BUFFER_BYTES: Final = 4 * 1024 * 1024
TCP_TYPE_PREFERENCE: Final = 90
"""Below every UDP candidate of the same type (RFC 6544, 4.2)."""
TCP_BACKLOG: Final = 512
UFRAG_CHARACTERS: Final = 8
MAX_NUMBERS_TRIED: Final = 20
MAX_CONNECTIONS_OF_OWNER: Final = 8
"""TCP connections of an ICE generation. A phone with two networks has about four addresses, and
opens one from each."""
MAX_SSRC_OWNERS: Final = 4
"""The paths of one call. A call that names the SSRC of others makes them no slower than that."""


class Owner(Protocol):
    """Receives packets of a port. Usually an ICE agent."""

    def receive(self, base: Base, data: bytes, remote: Address) -> None: ...

    def base_lost(self, base: Base) -> None: ...


class UdpBase(asyncio.DatagramProtocol):
    """The port on one local address.

    Each address has a socket of its own, as a wildcard socket may answer from another address.
    """

    def __init__(self, port: "MediaPort", address: str, advertised: str, preference: int) -> None:
        self._port = port
        self._address = address
        self._advertised = advertised
        self.preference = preference
        self._transport: asyncio.DatagramTransport
        self.candidate: Candidate

    @property
    def local(self) -> Address:
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self.candidate = Candidate(
            foundation=candidate_foundation("host", "udp", self._advertised),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "host", self.preference),
            host=self._advertised,
            port=self.local[1],
            type="host",
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            self._port.receive(self, data, (addr[0], addr[1]))
        except Exception:
            # asyncio closes the socket of a protocol that raises, and all calls share this one.
            log.exception("a call failed on a packet")

    def error_received(self, exc: Exception) -> None:
        # An ICMP error about a peer that went away. ICE notices that by itself.
        log.debug("%s: %s", self._address, exc)

    def send(self, data: bytes, remote: Address) -> None:
        if self._transport.is_closing():
            return
        self._transport.sendto(data, remote)

    def close(self) -> None:
        self._transport.close()


class MediaPort:
    """Local addresses with one port number, and the agents that packets there are for.

    Anything that is neither a check for a known ufrag, nor an answer, nor from a checked address is
    dropped after at most three look-ups; no state is kept.

    :param addresses: local addresses to bind.
    :param port: UDP and TCP port number; 0 takes a free one.
    :param advertised: addresses to tell peers instead, in the same order, for a 1:1 NAT. If there
        are fewer, the rest are told as they are.
    """

    def __init__(
        self, addresses: Iterable[str], *, port: int = 0, advertised: Iterable[str] = ()
    ) -> None:
        self._addresses = list(addresses)
        self._advertised = list(advertised)
        self._number = port
        self.policy = RemotePolicy(self._addresses, self._advertised)
        self._by_ufrag: dict[str, Owner] = {}
        self._by_transaction: dict[bytes, Owner] = {}
        self._by_ssrc: dict[int, list[Owner]] = {}
        self._routes: dict[tuple[Base, Address], Owner] = {}
        self._servers: list[asyncio.Server] = []
        self._connections = TcpConnections()
        self._tcp: dict[str, Candidate] = {}
        """By local address."""
        self.bases: list[UdpBase] = []
        self.packets_dropped = 0

    @property
    def number(self) -> int:
        return self._number

    @property
    def tcp_candidates(self) -> list[Candidate]:
        return list(self._tcp.values())

    async def open(self, *, tcp: bool = True) -> None:
        """Bind every address that can be bound.

        The first IPv4 and the first IPv6 candidate have the same priority. No host candidate pairs
        with both, and a relayed pair with the one must not outrank a direct pair with the other
        (docs/browsers.md#chromium-ip-versions).

        :raises OSError: if none can be bound.
        """
        self._number = self._number or _free_number(self._addresses)
        failure: OSError | None = None
        seen = Counter[bool]()
        for index, address in enumerate(self._addresses):
            advertised = dict(enumerate(self._advertised)).get(index, address)
            rank = seen[is_ipv6 := ":" in address]
            seen[is_ipv6] += 1
            try:
                await self._open_udp(address, advertised, 65535 - rank)
                if tcp:
                    await self._open_tcp(address, advertised, 8191 - rank)
            except OSError as exc:
                log.warning("port %d on %s: %s", self._number, address, exc.strerror or exc)
                failure = exc
        if not self.bases:
            raise failure or OSError("this machine has no address to bind")

    def close(self) -> None:
        for server in self._servers:
            server.close()
        self._connections.close_all()
        for base in self.bases:
            base.close()

    def new_ufrag(self) -> str:
        """Make a local ufrag for an agent."""
        return random_string(UFRAG_CHARACTERS)

    def new_transaction(self) -> bytes:
        """Make the id of a STUN transaction of ours."""
        return random_transaction_id()

    def register(self, ufrag: str, owner: Owner) -> None:
        """Give ``owner`` the checks whose USERNAME begins with ``ufrag``."""
        self._by_ufrag[ufrag] = owner

    def register_ssrc(self, ssrc: int, owner: Owner) -> None:
        """Give ``owner`` RTP of this SSRC, wherever it comes from.

        Another call may have named the same SSRC. Only the right owner can decrypt the packets. If
        too many have, ``owner`` gets none; a new mapping of its NAT is then found by checks alone.
        """
        owners = self._by_ssrc.setdefault(ssrc, [])
        if len(owners) < MAX_SSRC_OWNERS:
            owners.append(owner)

    def expect(self, transaction: bytes, owner: Owner) -> None:
        """Give ``owner`` the response to this STUN transaction."""
        self._by_transaction[transaction] = owner

    def forget(self, transaction: bytes) -> None:
        """Drop a response that still comes."""
        self._by_transaction.pop(transaction, None)

    def route(self, base: Base, remote: Address, owner: Owner, *, has_answered: bool) -> None:
        """Give ``owner`` the packets from ``remote``, which has passed a check.

        :param has_answered: whether it has answered a check of ours. Otherwise somebody else may
            have forged it as the sender of theirs, so it is not taken from another owner.
        """
        before = self._routes.get((base, remote))
        if has_answered or before is None:
            self._routes[base, remote] = owner
        if isinstance(base, TcpBase):
            base.has_answered |= has_answered
            if self._routes[base, remote] is not before:
                self._limit_connections(owner)

    def unroute(self, base: Base, remote: Address, owner: Owner) -> None:
        """Give ``owner`` the packets from ``remote`` no more, and close its TCP connection."""
        if self._routes.get((base, remote)) is owner:
            del self._routes[base, remote]
        if isinstance(base, TcpBase):
            base.close()

    def is_routed(self, base: Base, remote: Address) -> bool:
        """Whether ``remote`` has passed a check."""
        return (base, remote) in self._routes

    def release(self, ufrag: str, owner: Owner) -> None:
        """Give ``owner`` nothing any more, and close its TCP connections."""
        self._by_ufrag.pop(ufrag, None)
        for ssrc in [ssrc for ssrc, owners in self._by_ssrc.items() if owner in owners]:
            self._by_ssrc[ssrc].remove(owner)
            if not self._by_ssrc[ssrc]:
                del self._by_ssrc[ssrc]
        for base, remote in [route for route, found in self._routes.items() if found is owner]:
            self.unroute(base, remote, owner)

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        """Hand a datagram to its owner, or drop it."""
        owner = self._owner_of(base, data, remote)
        if owner is not None:
            owner.receive(base, data, remote)
        else:
            self._receive_unknown(base, data, remote)

    def pass_connection(self, connection: TcpBase, read: bytes) -> bool:
        """Give a connection to the process that its first frame is for.

        :param read: all that came over it so far.
        :returns: whether that is another process. The connection is to be let go of then.
        """
        return False

    def base_lost(self, base: Base, remote: Address) -> None:
        """A TCP connection is gone."""
        owner = self._routes.pop((base, remote), None)
        if owner is not None:
            owner.base_lost(base)

    def _limit_connections(self, owner: Owner) -> None:
        """Close a TCP connection of ``owner`` if it has too many.

        The oldest of those that have answered no check of ours goes first: an eavesdropper may have
        opened it, with a check of the peer's that they replay.
        """
        connections = [
            base
            for (base, _), found in self._routes.items()
            if found is owner and isinstance(base, TcpBase) and not base.is_closing
        ]
        if len(connections) > MAX_CONNECTIONS_OF_OWNER:
            unanswered = [base for base in connections if not base.has_answered]
            (unanswered or connections)[0].close()

    def _owner_of(self, base: Base, data: bytes, remote: Address) -> Owner | None:
        """The owner of a datagram by ufrag, transaction or address."""
        if not stun.is_stun(data):
            return self._routes.get((base, remote))
        if stun.is_request(data):
            return self._by_ufrag.get(stun.local_ufrag(data))
        return self._by_transaction.get(stun.transaction_id(data))

    def _receive_unknown(self, base: Base, data: bytes, remote: Address) -> None:
        """Take a datagram that has no owner by ufrag, transaction or address."""
        if not self._receive_by_ssrc(base, data, remote):
            self.packets_dropped += 1

    def _receive_by_ssrc(self, base: Base, data: bytes, remote: Address) -> bool:
        """Hand RTP to those who have named its SSRC.

        :returns: whether anybody has.
        """
        owners = self._by_ssrc.get(rtp_ssrc(data), []) if is_rtp(data) else []
        # The newest ICE generation of a call first: the earlier ones then see a replay.
        for possible in reversed(owners):
            possible.receive(base, data, remote)
        return bool(owners)

    async def _open_udp(self, address: str, advertised: str, preference: int) -> None:
        udp = self._udp_socket(address)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        _, base = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: UdpBase(self, address, advertised, preference), sock=udp
        )
        self.bases.append(base)

    async def _open_tcp(self, address: str, advertised: str, preference: int) -> None:
        candidate = Candidate(
            foundation=candidate_foundation("host", "tcp", advertised),
            component=1,
            transport="tcp",
            priority=(TCP_TYPE_PREFERENCE << 24) + (preference << 8) + 255,
            host=advertised,
            port=self._number,
            type="host",
            tcptype="passive",
        )
        server = await asyncio.get_running_loop().create_server(
            lambda: TcpBase(self, self._connections, candidate),
            sock=self._tcp_socket(address),
            backlog=TCP_BACKLOG,
        )
        self._servers.append(server)
        self._tcp[address] = candidate

    def _udp_socket(self, address: str) -> socket.socket:
        return bound(address, self._number, socket.SOCK_DGRAM)

    def _tcp_socket(self, address: str) -> socket.socket:
        return bound(address, self._number, socket.SOCK_STREAM)


def bound(address: str, port: int, kind: socket.SocketKind, *options: int) -> socket.socket:
    """Make a socket and bind it.

    :param options: socket options to set before.
    :raises OSError: if the port is taken.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        bound.setblocking(False)
        if kind is socket.SOCK_STREAM:
            # Connections of the process before us may linger on the port.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for option in options:
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def _free_number(addresses: Iterable[str]) -> int:
    """A port number that is free for UDP and TCP on all of the addresses.

    A port that the kernel picks for UDP alone may be that of somebody's TCP connection.
    """
    for _ in range(MAX_NUMBERS_TRIED):
        number = 0
        with ExitStack() as probes:
            try:
                for address, kind in product(addresses, (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
                    number = _probe(address, number, kind, probes)
            except OSError:
                continue
        return number
    raise OSError(errno.EADDRINUSE, "no port number is free for both UDP and TCP")


def _probe(address: str, number: int, kind: socket.SocketKind, probes: ExitStack) -> int:
    """Bind a socket, unless this machine has no such address, and return its port number."""
    try:
        probe = probes.enter_context(bound(address, number, kind))
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise
        return number
    found: int = probe.getsockname()[1]
    return found
