"""Where a worker's calls come and go: the shared port or one each, and the servers beyond it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from aioice.candidate import Candidate

from .addresses import host_addresses
from .agent import IceAgent
from .gather import StunServer, TransactionError, TurnServer, allocate, reflexive_candidate
from .media_port import MediaPort, UdpBase
from .path import IPAddress
from .switch import Switch

log = logging.getLogger("voicedemo.ports")

GATHER_S = 10.0
MAPPING_S = 20.0
"""How long what a STUN server said of the shared port is taken for true; NATs forget after 30."""


@dataclass(frozen=True)
class PortTerms:
    """Which ports and servers to use."""

    number: int = 0
    """UDP and TCP port of all calls; 0 takes a free one."""
    public_ips: tuple[str, ...] = ()
    """Advertised in place of the local addresses, for a 1:1 NAT."""
    one_each: bool = False
    """UDP sockets of its own for each call, in place of the shared port."""
    controlling: bool = True
    """Take the ICE controlling role (RFC 8445, 2.3), although it is the page that offers."""
    stun_servers: tuple[StunServer, ...] = ()


class Ports:
    """Opens agents, and finds their server-reflexive and relayed candidates."""

    def __init__(self, terms: PortTerms) -> None:
        self._terms = terms
        self._shared: MediaPort | None = None
        self._searches: dict[
            tuple[UdpBase, StunServer], tuple[float, asyncio.Task[Candidate | None]]
        ] = {}

    async def open(self) -> None:
        """:raises OSError: where no address of this machine can be bound."""
        if not self._terms.one_each:
            self._shared = await self._open_port(self._terms.number, tcp=True)
            log.info("media on port %d, UDP and TCP", self._shared.number)

    def close(self) -> None:
        for _, search in self._searches.values():
            search.cancel()
        if self._shared is not None:
            self._shared.close()

    async def open_agent(self, switch: Switch, generation: int = 1) -> IceAgent:
        port = self._shared or await self._open_port(0, tcp=False)
        return IceAgent(
            switch,
            port,
            generation=generation,
            controlling=self._terms.controlling,
            owns_port=port is not self._shared,
        )

    def reflexive(self, agent: IceAgent) -> AsyncIterator[Candidate]:
        """Server-reflexive candidates, as they are found; a dead server delays no other."""
        return self._found(
            agent,
            [
                self._mapped(agent.port, base, server)
                for server in self._terms.stun_servers
                for base in agent.port.bases
            ],
        )

    def relayed(
        self,
        agent: IceAgent,
        servers: Iterable[TurnServer],
        page_address: IPAddress | None = None,
    ) -> AsyncIterator[Candidate]:
        """Relayed candidates, as they are found; a dead server delays no other.

        :param page_address: is let in although no candidate of the peer names it.
        """
        return self._found(
            agent,
            [
                self._relayed(agent, server, 65535 - index, page_address)
                for index, server in enumerate(servers)
            ],
        )

    async def _found(
        self, agent: IceAgent, searches: Iterable[Coroutine[Any, Any, Candidate | None]]
    ) -> AsyncIterator[Candidate]:
        tasks = [asyncio.create_task(search) for search in searches]
        known = {(c.host, c.port) for c in agent.local_candidates}
        try:
            for found in asyncio.as_completed(tasks, timeout=GATHER_S):
                candidate = await found
                if candidate is not None and (candidate.host, candidate.port) not in known:
                    known.add((candidate.host, candidate.port))
                    yield agent.ranked(candidate)
        except TimeoutError:
            return
        finally:
            for task in tasks:
                task.cancel()

    async def _open_port(self, number: int, *, tcp: bool) -> MediaPort:
        port = MediaPort(host_addresses(), port=number, advertised=self._terms.public_ips)
        await port.open(tcp=tcp)
        return port

    async def _mapped(self, port: MediaPort, base: UdpBase, server: StunServer) -> Candidate | None:
        """The shared port looks the same to all calls: it is asked about once for many of them."""
        if port is not self._shared:
            return await self._reflexive(port, base, server)
        now = asyncio.get_running_loop().time()
        asked_at, search = self._searches.get((base, server), (-inf, None))
        if search is None or now - asked_at > MAPPING_S:
            search = asyncio.create_task(self._reflexive(port, base, server))
            self._searches[base, server] = (now, search)
        return await asyncio.shield(search)

    async def _reflexive(
        self, port: MediaPort, base: UdpBase, server: StunServer
    ) -> Candidate | None:
        try:
            return await reflexive_candidate(port, base, server)
        except (OSError, TimeoutError) as exc:
            log.info("stun:%s:%d: %s", server.host, server.port, exc or "no answer")
            return None

    async def _relayed(
        self,
        agent: IceAgent,
        server: TurnServer,
        preference: int,
        page_address: IPAddress | None,
    ) -> Candidate | None:
        try:
            base = await allocate(agent, server, preference)
        except (OSError, TransactionError) as exc:
            log.info("turn:%s:%d/%s: %s", server.host, server.port, server.transport, exc)
            return None
        agent.add_base(base)
        if page_address is not None:
            base.permit(page_address)
        return base.candidate
