"""One ICE generation of the probe's call: aioice's full agent, held to one way.

aioice's own ``_protocols`` is the only private name that is used. The versions of aioice that it
was tried with are those of :mod:`bot.peer.aiortc_compat`.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection, StunProtocol, server_reflexive_candidate
from aioice.stun import Message, TransactionError, TransactionFailed
from aioice.turn import create_turn_endpoint

from bot.ice.addresses import host_addresses
from bot.ice.gather import StunServer
from bot.ice.turn import TurnServer
from wire.model import IceServer

from . import faults, ice_tcp, ways
from .offer import Credentials
from .ways import Way

TURN_S: Final = 5.0
TCP_S: Final = 5.0
STUN_S: Final = 3.0
CONNECT_S: Final = 10.0
CLOSE_S: Final = 1.0


class NoPathError(Exception):
    """No pair of candidates works."""


@dataclass(frozen=True)
class Terms:
    """What a path may use.

    :ivar trust: the authorities whose certificates are accepted.
    """

    way: Way
    servers: Sequence[IceServer]
    trust: ssl.SSLContext
    limited: bool
    """The page was told that TURN servers are missing for now."""
    ipv6: bool
    """Media without a relay go over IPv6 alone; False: over IPv4 alone. With both, one that works
    would hide one that does not."""

    def is_own_family(self, host: str) -> bool:
        return (":" in host) == self.ipv6


class Path(Connection):
    """An agent that offers.

    :param deliver: takes what is not STUN.
    :param trickle: takes candidates that are found after the offer.
    :param controlling: the role to begin with: in mid-call the one of the path before.
    """

    def __init__(
        self,
        terms: Terms,
        deliver: Callable[[bytes], None],
        trickle: Callable[["Path", Candidate], None],
        *,
        controlling: bool,
    ) -> None:
        super().__init__(ice_controlling=controlling)
        self.terms = terms
        self.stun_answers: bool | None = None
        """Whether a STUN server has answered over UDP; None if none was asked."""
        self.named: list[Candidate] = []
        """The bot's candidates that the way may use."""
        self.relay: TurnServer | None = None
        self._deliver = deliver
        self._trickle = trickle
        self._reflexive: list[asyncio.Task[None]] = []

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.local_username, self.local_password)

    async def name(self, candidate: Candidate) -> None:
        """Take a candidate of the bot's."""
        terms = self.terms
        is_wanted = self.relay is not None or terms.is_own_family(candidate.host)
        if is_wanted and ways.fits(candidate, terms.way) and candidate.component == 1:
            self.named.append(candidate)
            if self.terms.way != "ice-tcp":
                await self.add_remote_candidate(candidate)

    async def establish(self, bot: Credentials) -> None:
        """Find a pair that works.

        :raises NoPathError: there is none.
        """
        self.remote_username, self.remote_password = bot.ufrag, bot.pwd
        try:
            async with asyncio.timeout(CONNECT_S):
                if self.terms.way == "ice-tcp":
                    await self._connect_tcp()
                await self.connect()
        except (ConnectionError, TimeoutError, OSError) as exc:
            raise NoPathError from exc

    async def release(self) -> None:
        """Close it. A TURN server that does not answer any more holds up nothing."""
        for task in self._reflexive:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.close()

    # aioice calls these.

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 0,  # noqa: ASYNC109 (aioice's)
    ) -> list[Candidate]:
        way = self.terms.way
        if way == "direct":
            return await self._gather_hosts()
        if way == "ice-tcp":
            return [ice_tcp.active_candidate(address) for address in self._hosts()]
        return [await self._gather_relay()]

    def data_received(self, data: bytes, component: int) -> None:
        self._deliver(data)

    def request_received(
        self, message: Message, addr: tuple[str, int], protocol: StunProtocol
    ) -> None:
        """Drop checks from where the bot has not said that it is.

        Most phones are behind a NAT that does so (RFC 4787, 5). Without this, a server that names a
        wrong address would be found well from here, and reached by few phones.
        """
        if self.terms.way != "direct" or addr in {(c.host, c.port) for c in self.named}:
            super().request_received(message, addr, protocol)

    # Gathering.

    def _hosts(self) -> list[str]:
        return [address for address in host_addresses() if self.terms.is_own_family(address)]

    async def _gather_hosts(self) -> list[Candidate]:
        for address in self._hosts():
            base = await self._open(address)
            if base is not None:
                self._protocols.append(base)
        return [base.local_candidate for base in self._protocols]

    async def _open(self, address: str) -> StunProtocol | None:
        try:
            transport, base = await asyncio.get_running_loop().create_datagram_endpoint(
                partial(StunProtocol, self), local_addr=(address, 0)
            )
        except OSError:
            return None  # the address has gone
        base.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", address),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "host"),
            host=address,
            port=transport.get_extra_info("sockname")[1],
            type="host",
        )
        return base

    def ask_stun(self) -> None:
        """Begin to look for server-reflexive candidates, which are trickled. Call it after the
        offer.
        """
        servers = ways.stun(self.terms.servers) if self.terms.way == "direct" else []
        if servers:
            self.stun_answers = False
        for base in self._protocols:
            if ":" not in base.local_candidate.host:  # aioice asks over IPv4 only
                self._reflexive += (asyncio.create_task(self._ask(base, one)) for one in servers)

    async def _ask(self, base: StunProtocol, server: StunServer) -> None:
        try:
            async with asyncio.timeout(STUN_S):
                found, _ = await server_reflexive_candidate(base, (server.host, server.port))
        except (OSError, TimeoutError, TransactionError, KeyError):
            return
        self.stun_answers = True
        if (found.host, found.port) != (base.local_candidate.host, base.local_candidate.port):
            self._trickle(self, found)

    async def wait_for_stun(self) -> None:
        """Wait until every STUN server has answered, or had its time to."""
        if self._reflexive:
            await asyncio.wait(self._reflexive)

    async def _gather_relay(self) -> Candidate:
        way = self.terms.way
        server = ways.relay(self.terms.servers, way)
        if server is None:
            raise faults.turn_missing(way) if self.terms.limited else faults.no_relay(way)
        self.relay = server
        base = await self._allocate(server)
        host, port = base.transport.get_extra_info("sockname")
        base.local_candidate = Candidate(
            foundation=candidate_foundation("relay", "udp", host),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "relay"),
            host=host,
            port=port,
            type="relay",
            related_address="0.0.0.0",
            related_port=9,
        )
        self._protocols.append(base)
        return base.local_candidate

    async def _allocate(self, server: TurnServer) -> StunProtocol:
        try:
            async with asyncio.timeout(TURN_S):
                _, base = await create_turn_endpoint(
                    partial(StunProtocol, self),
                    server_addr=(server.host, server.port),
                    username=server.username,
                    password=server.credential,
                    ssl=self.terms.trust if server.tls else None,
                    transport=server.transport,
                )
        except TransactionFailed as exc:
            raise faults.turn_refused(server.url, exc.response.error_code or 0) from None
        except (TransactionError, TimeoutError):
            raise faults.turn_unreachable(server.url, "no answer") from None
        except ssl.SSLCertVerificationError as exc:
            raise faults.certificate(server.url, exc) from None
        except ssl.SSLError:
            raise faults.tls(server.url) from None
        except socket.gaierror:
            raise faults.turn_unreachable(server.url, "its name is not known") from None
        except OSError as exc:
            why = exc.strerror or type(exc).__name__
            raise faults.turn_unreachable(server.url, why) from None
        return base

    async def _connect_tcp(self) -> None:
        """Connect to the first of the bot's TCP candidates that lets it.

        :raises OSError: none does.
        """
        for remote in self.named:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(TCP_S):
                    self._protocols.append(await ice_tcp.connect(self, remote))
                    await self.add_remote_candidate(remote)
                    return
        raise ConnectionError
