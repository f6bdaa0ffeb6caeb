"""One ICE generation as a full agent (RFC 8445), on aioice."""

import asyncio
import logging

import aioice
from aioice.candidate import Candidate

from ..aiortc_compat import MAX_TIE_BREAKER, CandidatePair, StunProtocol
from .addresses import host_addresses
from .switch import Switch

log = logging.getLogger("voicedemo.ice")


class FullIcePath(aioice.Connection):
    """A path found by checking candidate pairs; promoted in its switch when a pair is nominated.

    We hold the controlling role, whoever offered: the largest tie-breaker wins the role conflict
    with the browser (RFC 8445, 7.3.1.1), so nomination is ours and the browser follows at once.
    As the controlling side, Chromium takes over three seconds to leave a pair that died.
    """

    def __init__(self, switch: Switch) -> None:
        super().__init__(ice_controlling=True)
        self._tie_breaker = MAX_TIE_BREAKER
        # aioice nominates every pair that succeeds ("aggressive", gone from RFC 8445) unless told
        # that its peer is lite; then it nominates one (8.1.1).
        self.remote_is_lite = True
        self._switch = switch
        self._task: asyncio.Task[None] | None = None
        self.last_heard = asyncio.get_running_loop().time()

    async def gather_host_candidates(self) -> list[Candidate]:
        """Bind a socket on each of this machine's addresses. Asks nobody, so it takes no time.

        :raises ConnectionError: where no address could be bound.
        """
        self._local_candidates_start = True
        self._local_candidates = await self.get_component_candidates(1, host_addresses())
        self._local_candidates_end = True
        if not self._local_candidates:
            raise ConnectionError("no address of this machine can be bound")
        return self.local_candidates

    def start(self, remote_ufrag: str, remote_pwd: str) -> None:
        """Begin checking pairs with the peer of these ICE credentials."""
        self.remote_username, self.remote_password = remote_ufrag, remote_pwd
        self._switch.add(self)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def add(self, candidate: Candidate | None) -> None:
        """Take a trickled remote candidate; None says there are no more (RFC 8838, 14)."""
        if self._remote_candidates_end:
            return
        if candidate is not None and candidate.host.endswith(".local"):
            # Its owner's checks reach us as peer-reflexive; asking the LAN for the name of a
            # stranger's phone only takes time.
            return
        await self.add_remote_candidate(candidate)

    def transmit(self, data: bytes) -> None:
        pair = self._nominated.get(1)
        if pair is not None:
            pair.protocol.transport.sendto(data, pair.remote_addr)

    async def close(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        await super().close()

    def describe(self) -> dict[str, str]:
        pair = self._nominated.get(1)
        if pair is None:
            return {}
        return {
            "local": pair.local_candidate.type,
            "remote": pair.remote_candidate.type,
            "transport": pair.local_candidate.transport,
        }

    # Hooks that aioice calls on its connection.

    def data_received(self, data: bytes, component: int) -> None:
        self._switch.deliver(self, data)

    def protocol_lost(self, protocol: StunProtocol) -> None:
        """aioice's own receive queue, which this would wake, is not in use."""

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        if self._nominated.get(1) is pair:
            self._switch.promote(self)

    async def _run(self) -> None:
        try:
            await self.connect()
            await self.get_event()  # consent expired (RFC 7675), or closed
        except ConnectionError as exc:
            log.debug("path %s: %s", self, exc)
        self._switch.drop(self)
