"""The media ports of a worker, the agents on them, and the candidates that servers give them."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from aioice.candidate import Candidate

from .addresses import host_addresses
from .agent import IceAgent
from .failures import Failed, failure_of
from .gather import StunServer, reflexive_candidate
from .media_port import MediaPort, UdpBase
from .path import IPAddress, PathHost
from .shared_port import Count, SharedPort, Workplace
from .turn import TransactionError, TurnServer, allocate

log = logging.getLogger("voicedemo.endpoints")

GATHER_S: Final = 10.0
ANSWER_S: Final = 2.5
"""A TURN server that takes longer is reported as failed, and used if it answers after all. A page
without a path restarts ICE every 4 s at first, and the search begins anew with that."""
MAPPING_S: Final = 20.0
"""A STUN server's answer about the shared port is used for this long. NATs forget after 30 s."""


@dataclass(frozen=True)
class IceConfig:
    """Which ports and servers to use."""

    port: int = 0
    """UDP and TCP port of all calls; 0 takes a free one."""
    workplace: Workplace | None = None
    """Which worker of this machine this is, if they share the port; it is not 0 then."""
    public_ips: tuple[str, ...] = ()
    """Advertised instead of the local addresses, for a 1:1 NAT."""
    one_each: bool = False
    """Every call gets UDP sockets of its own instead of the shared port."""
    controlling: bool = True
    """Take the ICE controlling role (RFC 8445, 2.3), although it is the page that offers."""
    stun_servers: tuple[StunServer, ...] = ()


class IceEndpoints:
    """Opens agents and finds their server-reflexive and relayed candidates.

    :param count: counts the packets that workers hand over to each other.
    """

    def __init__(self, config: IceConfig, count: Count = lambda outcome: None) -> None:
        self._config = config
        self._count = count
        self._shared: MediaPort | None = None
        self._searches: dict[
            tuple[UdpBase, StunServer], tuple[float, asyncio.Task[Candidate | None]]
        ] = {}

    async def open(self) -> None:
        """Bind the shared port, unless every call gets its own.

        :raises OSError: if no address of this machine can be bound.
        """
        if not self._config.one_each:
            self._shared = await self._open_shared()
            log.info("media on port %d, UDP and TCP", self._shared.number)

    def close(self) -> None:
        for _, search in self._searches.values():
            search.cancel()
        if self._shared is not None:
            self._shared.close()

    async def open_agent(self, host: PathHost, before: IceAgent | None = None) -> IceAgent:
        """Open the agent of a call's next ICE generation.

        :param before: the agent of the generation before; None for a call's first.
        :raises OSError: if no address of this machine can be bound.
        """
        media_port = self._shared or await self._open_port(0, tcp=False)
        return IceAgent(
            host,
            media_port,
            generation=before.generation + 1 if before else 1,
            # An ICE restart keeps the roles (RFC 8445, 6.1.1).
            controlling=before.role.controlling if before else self._config.controlling,
            known_hosts=before.remote_hosts if before else frozenset(),
            owns_port=media_port is not self._shared,
        )

    def reflexive(
        self, agent: IceAgent, failed: Failed = lambda failure: None
    ) -> AsyncIterator[Candidate]:
        """Yield server-reflexive candidates as they are found. A dead server delays no other.

        :param failed: called with each server that fails.
        """
        media_port = agent.media_port
        return self._found(
            agent,
            [
                self._mapped(media_port, base, server, failed)
                for server in self._config.stun_servers
                for base in media_port.bases
            ],
        )

    def relayed(
        self,
        agent: IceAgent,
        servers: Iterable[TurnServer],
        page_address: IPAddress | None = None,
        failed: Failed = lambda failure: None,
    ) -> AsyncIterator[Candidate]:
        """Yield relayed candidates as they are found. A dead server delays no other.

        :param page_address: may send through the relays, even if it is no candidate of the peer.
        :param failed: called with each server that fails.
        """
        return self._found(
            agent,
            [
                self._relayed(agent, server, 65535 - index, page_address, failed)
                for index, server in enumerate(servers)
            ],
        )

    async def _found(
        self, agent: IceAgent, searches: Iterable[Coroutine[Any, Any, Candidate | None]]
    ) -> AsyncIterator[Candidate]:
        tasks = [asyncio.create_task(search) for search in searches]
        known = {(c.host, c.port) for c in agent.local_candidates}
        try:
            for found in asyncio.as_completed(tasks):
                candidate = await found
                if candidate is not None and (candidate.host, candidate.port) not in known:
                    known.add((candidate.host, candidate.port))
                    yield agent.ranked(candidate)
        finally:
            for task in tasks:
                task.cancel()

    async def _open_shared(self) -> MediaPort:
        workplace = self._config.workplace
        if workplace is None:
            return await self._open_port(self._config.port, tcp=True)
        media_port = SharedPort(
            host_addresses(),
            port=self._config.port,
            advertised=self._config.public_ips,
            workplace=workplace,
            count=self._count,
        )
        await media_port.open()
        return media_port

    async def _open_port(self, number: int, *, tcp: bool) -> MediaPort:
        advertised = self._config.public_ips
        media_port = MediaPort(host_addresses(), port=number, advertised=advertised)
        await media_port.open(tcp=tcp)
        return media_port

    async def _mapped(
        self, media_port: MediaPort, base: UdpBase, server: StunServer, failed: Failed
    ) -> Candidate | None:
        try:
            return await self._search(media_port, base, server)
        except (OSError, TimeoutError) as exc:
            failed(failure_of(server.url, exc))
            return None

    async def _search(
        self, media_port: MediaPort, base: UdpBase, server: StunServer
    ) -> Candidate | None:
        """Ask a STUN server; about the shared port only once for many calls, as it is the same.

        :raises OSError: if the server cannot be reached.
        :raises TimeoutError: if it does not answer.
        """
        if media_port is not self._shared:
            return await reflexive_candidate(media_port, base, server)
        now = asyncio.get_running_loop().time()
        asked_at, search = self._searches.get((base, server), (-inf, None))
        if search is None or now - asked_at > MAPPING_S:
            search = asyncio.create_task(
                reflexive_candidate(media_port, base, server),
                context=contextvars.Context(),  # it is not for one call alone
            )
            search.add_done_callback(_retrieve)
            self._searches[base, server] = (now, search)
        return await asyncio.shield(search)

    async def _relayed(
        self,
        agent: IceAgent,
        server: TurnServer,
        preference: int,
        page_address: IPAddress | None,
        failed: Failed,
    ) -> Candidate | None:
        silent = failure_of(server.url, TimeoutError())
        timer = asyncio.get_running_loop().call_later(ANSWER_S, failed, silent)
        try:
            async with asyncio.timeout(GATHER_S):
                base = await allocate(agent, server, preference)
        except TimeoutError:
            return None  # which has been said
        except (OSError, TransactionError) as exc:
            failed(failure_of(server.url, exc))
            return None
        finally:
            timer.cancel()
        agent.add_base(base)
        if page_address is not None and agent.media_port.policy.allows(page_address):
            base.permit(page_address)
        return base.candidate


def _retrieve(search: asyncio.Task[Candidate | None]) -> None:
    """Read what a search raised: the calls that waited for it may have ended."""
    if not search.cancelled():
        search.exception()
