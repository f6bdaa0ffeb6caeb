"""One ICE generation: a full agent (RFC 8445) that keeps its valid pairs warm and moves in time."""

import asyncio
import ipaddress
import secrets
from collections.abc import Iterable
from copy import copy
from math import inf
from typing import Final, NamedTuple

from aioice.candidate import Candidate
from aioice.ice import candidate_pair_priority
from aioice.utils import random_string

from . import nomination, stun
from .gather import RelayBase
from .media_port import MediaPort
from .pair import Pair, PairState
from .path import SILENT_S, Address, Base
from .priority import outranking
from .switch import Switch

PACING_S: Final = 0.02
"""Between two checks (Ta; RFC 8445, 14.2)."""
KEEPALIVE_S: Final = 2.0
"""Between checks of a valid pair: consent of the selected one, readiness of the others."""
GIVE_UP_S: Final = 30.0
"""A pair that has not answered for this long is checked no more, unless its peer checks it."""
CONSENT_S: Final = 30.0
"""RFC 7675, 5.1."""
SUSPECT_RETRY_S: Final = 0.1
NOMINATION_S: Final = 1.0
"""A nominated pair that does not confirm within this time was not one."""
UNUSED_RETRY_S: Final = 0.05
"""Between checks of a nominated pair on which nothing but STUN has come yet. Firefox forgets a
nomination that is faster than the answer."""
HEAD_START_S: Final = 0.1
"""Of direct pairs, before others are checked too."""
MAX_PAIRS: Final = 100
"""RFC 8445, 6.1.2.5."""
MAX_CHECKS_IN_FLIGHT: Final = 300

MAX_TIE_BREAKER: Final = 2**64 - 1
"""Its owner wins every role conflict (RFC 8445, 7.3.1.1)."""


class _Check(NamedTuple):
    pair: Pair
    sent: float
    nominating: bool


class IceAgent:
    """A path: promoted in its switch once it has a pair to send on.

    It holds the controlling role, whoever offered: nomination is ours and the browser follows at
    once, where as the controlling side Chromium takes over three seconds to leave a dead pair. It
    nominates one pair (8.1.1) and another one when that falls silent, without a restart.

    :param port: where packets come and go; shared with other calls, or this call's own.
    :param controlling: False: the peer nominates (RFC 8445, 8.2), as it may where it offered.
    :param generation: 1 for a call's first, one more with every ICE restart.
    :param owns_port: it is this agent's own, and closes with it.
    """

    def __init__(
        self,
        switch: Switch,
        port: MediaPort,
        *,
        generation: int = 1,
        controlling: bool = True,
        owns_port: bool = False,
    ) -> None:
        self.local_ufrag = random_string(8)
        self.local_pwd = random_string(24)
        self.generation = generation
        self.controlling = controlling
        self.checks_sent = 0
        self.answers_received = 0
        self._tie_breaker = MAX_TIE_BREAKER if controlling else secrets.randbits(63)
        self._switch = switch
        self.port = port
        self._owns_port = owns_port
        self._loop = asyncio.get_running_loop()
        self.last_heard = self._loop.time()
        self._bases: list[Base] = [*port.bases]
        self.relays: list[RelayBase] = []
        """Every allocation it has had, lost ones too."""
        self._remotes: list[Candidate] = []
        self._known_hosts: frozenset[str] = frozenset()
        self._pairs: dict[tuple[Base, Address], Pair] = {}
        self._checks: dict[bytes, _Check] = {}
        self._selected: Pair | None = None
        self._selected_at = -inf
        self._nominee: Pair | None = None
        self._suspect_since: float | None = None
        self._doubted = False
        self._remote_ufrag = ""
        self._remote_pwd = b""
        self._timer: asyncio.Handle | None = None
        self._answered_at = -inf
        self._started_at = -inf
        self._closed = False
        port.register(self.local_ufrag, self)

    @property
    def local_candidates(self) -> list[Candidate]:
        candidates = [base.candidate for base in self._bases] + self.port.tcp_candidates
        return [self.ranked(candidate) for candidate in candidates]

    def ranked(self, candidate: Candidate) -> Candidate:
        """``candidate`` as it is signalled: with its priority in this generation."""
        ranked = copy(candidate)
        ranked.priority = self._priority(candidate)
        return ranked

    @property
    def remote_hosts(self) -> frozenset[str]:
        """The peer's own addresses, as far as they were signalled or seen."""
        pairs = {pair.remote for pair in self._pairs.values()} | set(self._remotes)
        return frozenset(remote.host for remote in pairs if remote.type != "relay")

    def _priority(self, candidate: Candidate) -> int:
        return outranking(candidate.priority, self.generation)

    def start(
        self,
        remote_ufrag: str,
        remote_pwd: str,
        *,
        is_lite: bool = False,
        source: int | None = None,
        known_hosts: frozenset[str] = frozenset(),
        abandon: bool = False,
    ) -> None:
        """Begin checking pairs with the peer of these ICE credentials.

        :param is_lite: it answers checks and sends none, so the controlling role falls to this
            agent whatever was wanted (RFC 8445, 6.1.1).
        :param source: SSRC of its audio, by which it is known when its NAT maps it anew.
        :param known_hosts: its addresses in the generation before.
        :param abandon: the path of that generation goes once this one is up.
        """
        self.controlling = self.controlling or is_lite
        self._known_hosts = known_hosts
        self._remote_ufrag, self._remote_pwd = remote_ufrag, remote_pwd.encode()
        self._started_at = self._loop.time()
        if source is not None:
            self.port.register_source(source, self)
        self._switch.add(self, abandon=abandon)
        self._wake()

    def add_base(self, base: RelayBase) -> None:
        """A local candidate found after the answer: a relayed one."""
        self.relays.append(base)
        self._bases.append(base)
        for remote in self._remotes:
            self._pair(base, remote)
        self._wake()

    def add(self, candidate: Candidate | None) -> None:
        """Take a trickled remote candidate; None says there are no more (RFC 8838, 14).

        :raises ValueError: where its address is none.
        """
        if candidate is None or candidate.transport.lower() != "udp":
            return  # an active TCP candidate comes to us by itself (RFC 6544, 5.2)
        if candidate.host.endswith(".local"):
            # Its owner's checks reach us as peer-reflexive; asking the LAN for the name of a
            # stranger's phone only takes time.
            return
        address = ipaddress.ip_address(candidate.host)
        if "%" in candidate.host or not 1 <= candidate.port <= 65535:
            raise ValueError("no transport address")
        if len(self._remotes) >= MAX_PAIRS:
            return
        candidate.host = str(address)
        self._remotes.append(candidate)
        for base in self._bases:
            self._pair(base, candidate)
        self._wake()

    def transmit(self, data: bytes) -> None:
        pair = self._selected or self._nominee
        if pair is not None:
            pair.base.send(data, pair.address)

    def doubt(self) -> None:
        """The peer says it hears nothing: what we send is lost, whatever comes from there."""
        if self._selected is not None and not self._doubted:
            self._doubted = True
            self._suspect(self._loop.time())
            self._wake()

    def describe(self) -> dict[str, str]:
        pair = self._selected
        if pair is None:
            return {}
        return {
            "local": pair.base.candidate.type,
            "remote": pair.remote.type,
            "transport": pair.base.candidate.transport,
        }

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for transaction in self._checks:
            self.port.forget(transaction)
        self._checks.clear()
        self.port.release(self.local_ufrag, self)
        for base in self._bases:
            if isinstance(base, RelayBase):
                base.close()
        if self._owns_port:
            self.port.close()

    # What the port brings.

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        if stun.is_stun(data):
            self._receive_stun(base, data, remote)
            return
        pair = self._pairs.get((base, remote))
        if pair is None or pair.state is PairState.FAILED:
            self._receive_unchecked(base, data, remote)
            return
        pair.heard = self._loop.time()
        self._switch.deliver(self, data)

    def _receive_unchecked(self, base: Base, data: bytes, remote: Address) -> None:
        """The peer's NAT has forgotten it in the middle of a call, and maps it anew.

        The peer notices nothing, and its own next check may be seconds away. Nobody else has the
        keys to authentic media; yet nothing but checks goes there until one is answered.
        """
        if not self._switch.accept(self, data):
            return
        priority = self._selected.remote.priority if self._selected is not None else 0
        pair = self._pairs.get((base, remote)) or self._learn(base, remote, priority)
        if pair is not None:
            pair.wake(self._loop.time())
            self.doubt()
            self._check(pair, self._loop.time())

    def base_lost(self, base: Base) -> None:
        """A TCP connection or an allocation is gone, and its pairs with it."""
        if base in self._bases:
            self._bases.remove(base)
        for key in [key for key in self._pairs if key[0] is base]:
            self._drop_pair(self._pairs.pop(key))
        self._wake()

    def _drop_pair(self, pair: Pair) -> None:
        if pair is self._nominee:
            self._nominee = None
        if pair is self._selected:
            self._selected = None

    def _receive_stun(self, base: Base, data: bytes, remote: Address) -> None:
        try:
            message = stun.parse(data)
        except ValueError:
            return
        if message.message_method is not stun.Method.BINDING:
            return
        if message.message_class is stun.Class.REQUEST:
            self._request_received(base, message, remote)
        else:
            self._answer_received(base, message, remote)

    def _request_received(self, base: Base, message: stun.Message, remote: Address) -> None:
        """RFC 8445, 7.3. What is not authentic gets no answer, and leaves nothing behind."""
        username = message.attributes.get("USERNAME", "")
        if username != f"{self.local_ufrag}:{self._remote_ufrag}":
            return
        if not message.check_message_integrity(self.local_pwd.encode()):
            return
        conflict = self._has_role_conflict(message)
        base.send(stun.binding_response(message, remote, self.local_pwd.encode()), remote)
        pair = self._pairs.get((base, remote))
        if pair is None:
            pair = self._learn(base, remote, message.attributes.get("PRIORITY", 0))
        if pair is None:
            return
        self.port.route(base, remote, self)
        pair.heard = self._loop.time()
        if conflict or pair.state is not PairState.SUCCEEDED:
            pair.wake(pair.heard)  # a triggered check, 7.3.1.4
            self._wake()
        if "USE-CANDIDATE" in message.attributes and not self.controlling:
            pair.remote_nominated = True
            if pair.state is PairState.SUCCEEDED:
                self._select(pair)

    def _has_role_conflict(self, message: stun.Message) -> bool:
        """RFC 8445, 7.3.1.1, but for the 487.

        Browsers take the controlling role with every offer, and an error would cost their check
        another round. It is answered instead, and our own check, which follows at once, tells the
        peer its role: the larger tie-breaker is ours.
        """
        theirs = "ICE-CONTROLLING" if self.controlling else "ICE-CONTROLLED"
        rival = message.attributes.get(theirs)
        if rival is None:
            return False
        if (self._tie_breaker >= rival) is not self.controlling:
            self.controlling = not self.controlling
        return True

    def _learn(self, base: Base, remote: Address, priority: int) -> Pair | None:
        """A peer-reflexive candidate (7.3.1.3): a NAT nobody told us of, or a new mapping."""
        candidate = Candidate(
            foundation=random_string(8),
            component=1,
            transport=base.candidate.transport,
            priority=priority,
            host=remote[0],
            port=remote[1],
            type="prflx",
        )
        return self._pair(base, candidate)

    def _answer_received(self, base: Base, message: stun.Message, remote: Address) -> None:
        """RFC 8445, 7.2.5."""
        check = self._checks.get(message.transaction_id)
        if check is None or not message.check_message_integrity(self._remote_pwd):
            return
        del self._checks[message.transaction_id]
        self.port.forget(message.transaction_id)
        pair, now = check.pair, self._loop.time()
        if (pair.base, pair.address) != (base, remote):
            return  # 7.2.5.2.1: not symmetric
        if message.message_class is stun.Class.ERROR:
            if message.error_code == 487:
                self.controlling = not self.controlling
                pair.wake(now)
                self._wake()
            return
        self.answers_received += 1
        self._answered_at = now
        pair.answer_received(now, now - check.sent)
        pair.due = now + (UNUSED_RETRY_S if self._is_unused(pair, now) else KEEPALIVE_S)
        self.port.route(base, remote, self)
        if check.nominating or (pair.remote_nominated and not self.controlling):
            self._select(pair)
        self._decide(now)
        self._wake()

    def _is_unused(self, pair: Pair, now: float) -> bool:
        """Whether the peer may not know yet that it is to use this pair."""
        is_new = now - self._selected_at < NOMINATION_S
        return pair is self._selected and is_new and self.last_heard <= self._selected_at

    # Pairs.

    def _pair(self, base: Base, remote: Candidate) -> Pair | None:
        local = base.candidate
        known = self._pairs.get((base, (remote.host, remote.port)))
        if known is not None:
            if known.remote.type == "prflx":
                known.remote = remote
            return known
        if len(self._pairs) >= MAX_PAIRS or not local.can_pair_with(remote):
            return None
        priority = candidate_pair_priority(local, remote, self.controlling)
        pair = Pair(
            base,
            remote,
            priority,
            due=self._loop.time(),
            is_new_network=self._is_new_network(remote),
        )
        self._pairs[base, pair.address] = pair
        return pair

    def _is_new_network(self, remote: Candidate) -> bool:
        known = self._known_hosts
        return bool(known) and remote.type != "relay" and remote.host not in known

    def _check(self, pair: Pair, now: float) -> None:
        request = stun.binding_request()
        request.attributes["USERNAME"] = f"{self._remote_ufrag}:{self.local_ufrag}"
        # As if it were no peer-reflexive one: a check may be there before the answer, and a relayed
        # pair would look better.
        request.attributes["PRIORITY"] = self._priority(pair.base.candidate)
        role = "ICE-CONTROLLING" if self.controlling else "ICE-CONTROLLED"
        request.attributes[role] = self._tie_breaker
        nominating = self.controlling and pair is self._nominee
        if nominating or self._is_ours_to_confirm(pair):
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote_pwd)
        if len(self._checks) >= MAX_CHECKS_IN_FLIGHT:
            oldest = next(iter(self._checks))
            del self._checks[oldest]
            self.port.forget(oldest)
        if nominating:
            self._switch.nominate(self)
        self._checks[request.transaction_id] = _Check(pair, now, nominating)
        self.port.expect(request.transaction_id, self)
        self.checks_sent += 1
        pair.check_sent(now)
        if nominating or self._suspect_since is not None:
            pair.due = min(pair.due, now + SUSPECT_RETRY_S)
        pair.base.send(bytes(request), pair.address)

    def _is_ours_to_confirm(self, pair: Pair) -> bool:
        """Whether a check may nominate it again. A replaced path must not take the peer back."""
        return self.controlling and pair is self._selected and not self._switch.is_superseded(self)

    # Time.

    def _wake(self) -> None:
        """Look at the clock now."""
        if self._closed or not self._remote_ufrag:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        if self._is_dead(now):
            self._switch.drop(self)
            return
        if not self._switch.is_superseded(self):
            self._watch(now)
            self._check_nominee(now)
            self._decide(now)
        wanted = [pair for pair in self._pairs.values() if self._is_worth_a_check(pair, now)]
        due = [pair for pair in wanted if pair.due <= now]
        if due:
            self._check_most_urgent(due, now)
        at = now + PACING_S if len(due) > 1 else self._next_look(wanted, now)
        self._timer = self._loop.call_at(at, self._tick)

    def _is_worth_a_check(self, pair: Pair, now: float) -> bool:
        """Whether it is one to use, or to have ready.

        Chromium owes every pair that was checked a check of its own, one in some 60 ms, the longest
        waiting first (7.3.1.4). It leaves a dead network only when it is through with them.
        """
        selected = self._selected
        if pair is selected or pair is self._nominee or self._suspect_since is not None:
            return True
        if selected is None or not self.controlling:
            is_early = now - self._started_at < HEAD_START_S
            return pair.is_direct_udp or not (is_early and self._hopes_for_direct)
        if self._is_unused(selected, now):
            return False
        return pair.is_direct_udp or not selected.is_direct_udp

    @property
    def _hopes_for_direct(self) -> bool:
        pairs = self._pairs.values()
        return any(p.is_direct_udp and p.state is not PairState.FAILED for p in pairs)

    def _check_most_urgent(self, due: Iterable[Pair], now: float) -> None:
        pair = max(due, key=lambda pair: (pair is self._nominee, pair.rank))
        if pair.first_check is not None and now - pair.first_check > GIVE_UP_S:
            pair.fail()
        else:
            self._check(pair, now)

    def _next_look(self, wanted: Iterable[Pair], now: float) -> float:
        times = [pair.due for pair in wanted]
        if self._selected is not None and self._suspect_since is None:
            times.append(self._selected.heard + SILENT_S)
        if self._selected is None or self._suspect_since is not None:
            times.append(now + SUSPECT_RETRY_S)
        return max(now + PACING_S, min(times, default=now + 1.0))

    def _is_dead(self, now: float) -> bool:
        """No pair has consent any more (RFC 7675)."""
        return -inf < self._answered_at < now - CONSENT_S

    def _watch(self, now: float) -> None:
        """Has the selected pair fallen silent? Then ask it, and every other, at once."""
        selected, since = self._selected, self._suspect_since
        if selected is None or (self._doubted and since is not None and selected.answered > since):
            self._doubted = False
        if selected is None or (not self._doubted and now - selected.heard <= SILENT_S):
            self._suspect_since = None
        elif since is None:
            self._suspect(now)

    def _suspect(self, now: float) -> None:
        self._suspect_since = now
        for pair in self._pairs.values():
            if pair.state is not PairState.FAILED:
                pair.wake(now)

    # Nomination.

    def _decide(self, now: float) -> None:
        if self._nominee is not None or self._switch.is_superseded(self):
            return
        pair = self._wanted(now)
        if pair is None:
            return
        # Where nothing works at present nothing is lost by using it at once (12.1).
        urgent = self._switch.is_silent or self._suspect_since is not None
        if self.controlling:
            self._nominee = pair
            pair.wake(now)
        if urgent:
            self._use(pair)

    def _check_nominee(self, now: float) -> None:
        pair = self._nominee
        if pair is None or pair.first_check is None:
            return
        if now - pair.first_check > NOMINATION_S:
            self._nominee = None
            pair.state = PairState.WAITING

    def _wanted(self, now: float) -> Pair | None:
        """The pair to nominate now, if it is not the selected one or there is none."""
        pairs = self._pairs.values()
        if self._selected is None:
            return nomination.first(pairs, now, nothing_works=self._switch.is_silent)
        if self._suspect_since is not None:
            return nomination.way_out(pairs, self._selected, self._suspect_since, now)
        return nomination.improvement(pairs, self._selected, now)

    def _select(self, pair: Pair) -> None:
        """Nominated, by us or by the peer."""
        if pair is self._nominee:
            self._nominee = None
        self._use(pair)

    def _use(self, pair: Pair) -> None:
        changed = pair is not self._selected
        pair.heard = self._loop.time()
        if changed:
            self._selected_at = pair.heard
        self._selected = pair
        self._suspect_since = None
        self._doubted = False
        self._switch.promote(self)
        if changed:
            self._switch.pair_changed(self)
