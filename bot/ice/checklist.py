"""The candidate pairs of one ICE generation, and the connectivity checks on them."""

import asyncio
from collections.abc import Collection, Iterable
from math import inf
from typing import Final, NamedTuple

from aioice.candidate import Candidate
from aioice.ice import candidate_pair_priority
from aioice.utils import random_string

from . import stun
from .credit import Credit
from .failover import Failover
from .media_port import MediaPort, Owner
from .pair import FIRST_RETRY_S, Pair, PairState
from .path import SILENT_S, Address, Base
from .priority import outranking
from .role import Role

PACING_S: Final = 0.02
"""Between two checks (Ta; RFC 8445, 14.2)."""
KEEPALIVE_S: Final = 2.0
"""Between checks of a valid pair: consent of the selected one, readiness of the others."""
GIVE_UP_S: Final = 30.0
"""A pair that has not answered for this long is no longer checked, unless the peer checks it."""
SUSPECT_RETRY_S: Final = 0.1
"""Between checks of a pair that is suspect or nominated."""
UNUSED_RETRY_S: Final = 0.05
"""Between checks of a nominated pair on which nothing but STUN has come yet. Firefox may have
forgotten the nomination (docs/browsers.md#firefox-forgets-nomination)."""
HEAD_START_S: Final = 0.1
"""Direct pairs are checked for this long before others are checked too."""
IDLE_S: Final = 1.0
"""Between two looks at the checklist while it is empty."""
KEPT_FOR_HEARD: Final = 1000
"""Bytes of our credit for addresses that an authentic check came from: about nine checks."""
MAX_PAIRS: Final = 100
"""RFC 8445, 6.1.2.5."""
MAX_LEARNED: Final = 20
"""Peer-reflexive candidates. A NAT may give a phone a new one now and then."""
MAX_CHECKS_IN_FLIGHT: Final = 300


class Check(NamedTuple):
    """A check that was sent."""

    pair: Pair
    sent: float
    role: str
    """The attribute that claimed a role."""
    nominates: bool


class Checklist:
    """Pairs every base with every address of the peer (RFC 8445, 6.1.2), and checks the pairs.

    :param owner: gets the answers from the media port.
    :param known_hosts: the peer's addresses in the ICE generation before; empty for the first.
    """

    def __init__(
        self,
        media_port: MediaPort,
        owner: Owner,
        role: Role,
        *,
        generation: int,
        known_hosts: frozenset[str],
    ) -> None:
        self.bases: list[Base] = [*media_port.bases]
        self.answered_at = -inf
        """When the peer last answered a check, on any pair."""
        self.credit = Credit()
        """What the page has signalled. A pair has what came from its address too."""
        self._loop = asyncio.get_running_loop()
        self._media_port = media_port
        self._owner = owner
        self._role = role
        self._generation = generation
        self._known_hosts = known_hosts
        self._remotes: list[Candidate] = []
        self._pairs: dict[tuple[Base, Address], Pair] = {}
        self._in_flight: dict[bytes, Check] = {}
        self._username = ""
        self._password = b""
        self._opened_at = -inf

    def open(self, username: str, password: str) -> None:
        """Check with these credentials of the peer (RFC 8445, 7.2.2)."""
        self._username, self._password = username, password.encode()
        self._opened_at = self._loop.time()

    def close(self) -> None:
        for transaction in self._in_flight:
            self._media_port.forget(transaction)
        self._in_flight.clear()

    # Pairs.

    @property
    def pairs(self) -> list[Pair]:
        return list(self._pairs.values())

    @property
    def remote_hosts(self) -> frozenset[str]:
        """The peer's own addresses, as far as they were signalled or seen."""
        remotes = {pair.remote for pair in self._pairs.values()} | set(self._remotes)
        return frozenset(remote.host for remote in remotes if remote.type != "relay")

    def find(self, base: Base, remote: Address) -> Pair | None:
        return self._pairs.get((base, remote))

    def add_base(self, base: Base) -> None:
        self.bases.append(base)
        for remote in self._remotes:
            self.add_pair(base, remote)

    def remove_base(self, base: Base) -> list[Pair]:
        """Forget a base.

        :returns: its pairs, which are gone too.
        """
        if base in self.bases:
            self.bases.remove(base)
        return [self._pairs.pop(key) for key in list(self._pairs) if key[0] is base]

    def add_remote(self, candidate: Candidate) -> None:
        self._remotes.append(candidate)
        for base in self.bases:
            self.add_pair(base, candidate)

    def add_pair(self, base: Base, remote: Candidate) -> Pair | None:
        """The pair of ``base`` and ``remote``; None if there can be none, or there are too many."""
        local = base.candidate
        known = self._pairs.get((base, (remote.host, remote.port)))
        if known is not None:
            if known.remote.type == "prflx":
                known.remote = remote
            return known
        if len(self._pairs) >= MAX_PAIRS or not local.can_pair_with(remote):
            return None
        pair = Pair(
            base,
            remote,
            candidate_pair_priority(local, remote, self._role.controlling),
            due=self._loop.time(),
            is_new_network=self._is_new_network(remote),
        )
        self._pairs[base, pair.address] = pair
        return pair

    def learn(
        self, base: Base, remote: Address, priority: int, *, in_use: Collection[Pair | None] = ()
    ) -> Pair | None:
        """Pair ``base`` with a peer-reflexive candidate (RFC 8445, 7.3.1.3).

        That is an address behind a NAT that was not signalled, or a new mapping of a NAT.

        :param in_use: pairs that must stay.
        :returns: None if there are too many, and all of them work.
        """
        if not self._has_room_to_learn(in_use):
            return None
        candidate = Candidate(
            foundation=random_string(8),
            component=1,
            transport=base.candidate.transport,
            priority=priority,
            host=remote[0],
            port=remote[1],
            type="prflx",
        )
        return self.add_pair(base, candidate)

    def _has_room_to_learn(self, in_use: Collection[Pair | None]) -> bool:
        """Forget the learned pair that was heard longest ago, if there are too many."""
        learned = [pair for pair in self._pairs.values() if pair.remote.type == "prflx"]
        if len(learned) < MAX_LEARNED:
            return True
        idle = [p for p in learned if p.state is not PairState.SUCCEEDED and p not in in_use]
        oldest = min(idle, key=lambda pair: pair.heard, default=None)
        if oldest is None:
            return False
        del self._pairs[oldest.base, oldest.address]
        self._media_port.unroute(oldest.base, oldest.address, self._owner)
        return True

    def wake_all(self, now: float) -> None:
        """Check every pair that has not failed, now."""
        for pair in self._pairs.values():
            if pair.state is not PairState.FAILED:
                pair.wake(now)

    def _is_new_network(self, remote: Candidate) -> bool:
        known = self._known_hosts
        return bool(known) and remote.type != "relay" and remote.host not in known

    # Checks.

    def check(
        self, pair: Pair, now: float, *, nominates: bool, confirms: bool, retry_soon: bool
    ) -> None:
        """Send a check, unless it would exceed our credit.

        :param nominates: it asks the peer to move to the pair (RFC 8445, 8.1.1).
        :param confirms: it tells the peer to stay there.
        :param retry_soon: if it stays unanswered, the next one follows after 100 ms at the latest.
        """
        request = stun.binding_request(self._media_port.new_transaction())
        request.attributes["USERNAME"] = self._username
        # The priority of the base's own type, where RFC 8445, 7.1.1 has that of a peer-reflexive
        # candidate: a check may arrive before the answer, and the relayed pair would look better.
        priority = outranking(pair.base.candidate.priority, self._generation)
        request.attributes["PRIORITY"] = priority
        request.attributes[self._role.attribute] = self._role.tie_breaker
        if nominates or confirms:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._password)
        data = bytes(request)
        if not self._may_send(len(data), pair):
            pair.due = now + FIRST_RETRY_S
            return
        self._expect(request.transaction_id, Check(pair, now, self._role.attribute, nominates))
        pair.check_sent(now)
        if retry_soon:
            pair.due = min(pair.due, now + SUSPECT_RETRY_S)
        pair.base.send(data, pair.address)

    def _may_send(self, count: int, pair: Pair) -> bool:
        """Whether our credit allows so many bytes on a pair. They are taken off then."""
        if pair.is_proven or pair.credit.spend(count):
            return True
        return self.credit.spend(count, keep=0 if pair.heard > -inf else KEPT_FOR_HEARD)

    def answered(self, base: Base, message: stun.Message, remote: Address) -> Check | None:
        """The check that ``message`` answers (RFC 8445, 7.2.5); None if it answers none."""
        check = self._in_flight.get(message.transaction_id)
        if check is None or not message.check_message_integrity(self._password):
            return None
        del self._in_flight[message.transaction_id]
        self._media_port.forget(message.transaction_id)
        if self._pairs.get((base, remote)) is not check.pair:
            return None  # RFC 8445, 7.2.5.2.1: the addresses are not symmetric; or it is forgotten
        return check

    def succeeded(self, check: Check, now: float, *, is_unused: bool) -> None:
        """The peer answered ``check`` with success.

        :param is_unused: the pair is selected, and the peer does not send on it yet.
        """
        self.answered_at = now
        check.pair.answer_received(now, now - check.sent)
        check.pair.due = now + (UNUSED_RETRY_S if is_unused else KEEPALIVE_S)

    def _expect(self, transaction: bytes, check: Check) -> None:
        if len(self._in_flight) >= MAX_CHECKS_IN_FLIGHT:
            oldest = next(iter(self._in_flight))
            del self._in_flight[oldest]
            self._media_port.forget(oldest)
        self._in_flight[transaction] = check
        self._media_port.expect(transaction, self._owner)

    # Which pairs to check.

    def wanted(self, state: Failover, now: float, *, is_unused: bool) -> list[Pair]:
        """The pairs to use, or to keep ready.

        :param is_unused: the peer does not send on the selected pair yet.
        """
        return [p for p in self._pairs.values() if self._is_wanted(p, state, now, is_unused)]

    def _is_wanted(self, pair: Pair, state: Failover, now: float, is_unused: bool) -> bool:
        """Whether to check a pair at all. The fewer checks, the sooner the browser moves.

        Chromium answers every pair that was checked with a check of its own (RFC 8445, 7.3.1.4),
        and leaves a dead network only after these (docs/browsers.md#chromium-owes-checks).
        """
        selected = state.selected
        if pair is selected or pair is state.nominee or state.is_suspect:
            return True
        if selected is None or not self._role.controlling:
            is_early = now - self._opened_at < HEAD_START_S
            return pair.is_direct_udp or not (is_early and self._hopes_for_direct)
        if is_unused:
            return False
        return pair.is_direct_udp or not selected.is_direct_udp

    @property
    def _hopes_for_direct(self) -> bool:
        pairs = self._pairs.values()
        return any(p.is_direct_udp and p.state is not PairState.FAILED for p in pairs)


def most_urgent(due: Iterable[Pair], state: Failover) -> Pair:
    """Which of the pairs that are due to check first."""
    return max(due, key=lambda pair: (pair is state.nominee, pair.rank))


def has_expired(pair: Pair, now: float) -> bool:
    """Whether a pair has been checked in vain for too long."""
    return pair.first_check is not None and now - pair.first_check > GIVE_UP_S


def next_look(wanted: Iterable[Pair], state: Failover, now: float) -> float:
    """When a check is due next, or the selected pair may have fallen silent."""
    times = [pair.due for pair in wanted]
    if state.selected is not None and not state.is_suspect:
        times.append(state.selected.heard + SILENT_S)
    if state.selected is None or state.is_suspect:
        times.append(now + SUSPECT_RETRY_S)
    return max(now + PACING_S, min(times, default=now + IDLE_S))
