"""One ICE generation of a call: a full agent (RFC 8445) that keeps its valid pairs warm."""

import asyncio
import ipaddress
from collections.abc import Iterable
from copy import copy
from math import inf
from typing import Final

from aioice.candidate import Candidate
from aioice.utils import random_string

from . import stun
from .checklist import PACING_S, Checklist, has_expired, most_urgent, next_look
from .failover import Failover, decide
from .media_port import MediaPort
from .pair import Pair, PairState
from .path import Address, Base, PathHost, is_rtp
from .priority import outranking
from .remotes import Remotes
from .role import Role
from .turn import RelayBase

CONSENT_S: Final = 30.0
"""RFC 7675, 5.1."""


class IceAgent:
    """A path of a call. Its host promotes it once it has a pair to send on.

    It takes the controlling role, whoever offered: then it nominates, and the browser follows at
    once. In that role, Chromium would leave a dead pair late
    (docs/browsers.md#chromium-slow-controlling). The agent nominates one pair (RFC 8445, 8.1.1).
    When that falls silent it nominates another one, without a restart, even if the browser stays
    (docs/browsers.md#firefox-highest-pair).

    :param host: owns the path, usually a :class:`~bot.ice.switch.Switch`.
    :param media_port: sends and receives the packets; shared with other calls, or this call's own.
    :param generation: 1 for a call's first, one more with every ICE restart.
    :param controlling: False if the peer nominates (RFC 8445, 8.2), as it may if it offered.
    :param known_hosts: the peer's addresses in the generation before; empty for the first.
    :param owns_port: whether the port closes with the agent.
    """

    def __init__(
        self,
        host: PathHost,
        media_port: MediaPort,
        *,
        generation: int = 1,
        controlling: bool = True,
        known_hosts: frozenset[str] = frozenset(),
        owns_port: bool = False,
    ) -> None:
        self.local_ufrag = media_port.new_ufrag()
        self.local_pwd = random_string(24)
        self.generation = generation
        self.media_port = media_port
        self.relays: list[RelayBase] = []
        """Every allocation the agent has had, including lost ones."""
        self._host = host
        self._owns_port = owns_port
        self._loop = asyncio.get_running_loop()
        self.last_heard = self._loop.time()
        self.role = Role(controlling=controlling)
        self._checklist = Checklist(
            media_port, self, self.role, generation=generation, known_hosts=known_hosts
        )
        self._remotes = Remotes(media_port.policy)
        self._failover = Failover()
        self._remote_ufrag = ""
        self._timer: asyncio.Handle | None = None
        self._closed = False
        media_port.register(self.local_ufrag, self)

    @property
    def local_candidates(self) -> list[Candidate]:
        """The candidates to signal to the peer."""
        bases = [base.candidate for base in self._checklist.bases]
        return [self.ranked(c) for c in bases + self.media_port.tcp_candidates]

    def ranked(self, candidate: Candidate) -> Candidate:
        """``candidate`` as it is signalled: with its priority in this generation."""
        ranked = copy(candidate)
        ranked.priority = outranking(candidate.priority, self.generation)
        return ranked

    @property
    def remote_hosts(self) -> frozenset[str]:
        """The peer's own addresses, as far as they were signalled or seen."""
        return self._checklist.remote_hosts | self._remotes.hosts

    def start(
        self,
        remote_ufrag: str,
        remote_pwd: str,
        *,
        is_lite: bool = False,
        ssrc: int | None = None,
        abandon: bool = False,
    ) -> None:
        """Begin checking pairs with the peer that has these ICE credentials.

        :param is_lite: the peer answers checks and sends none, so this agent takes the controlling
            role whatever was configured (RFC 8445, 6.1.1).
        :param ssrc: SSRC of the peer's audio, which identifies it when its NAT maps it anew; None
            if the offer names none.
        :param abandon: drop the paths of earlier generations as soon as this one is up.
        """
        self.role.controlling = self.role.controlling or is_lite
        self._remote_ufrag = remote_ufrag
        self._checklist.open(f"{remote_ufrag}:{self.local_ufrag}", remote_pwd)
        if ssrc is not None:
            self.media_port.register_ssrc(ssrc, self)
        self._host.add(self, abandon=abandon)
        self._wake()

    def earn(self, count: int) -> None:
        """The page has signalled so many bytes. At most as many go to what it has named."""
        self._checklist.credit.earn(count)

    def add_base(self, base: RelayBase) -> None:
        """Take a local candidate that was found after the answer: a relayed one."""
        self.relays.append(base)
        self._checklist.add_base(base)
        self._wake()

    def add(self, candidate: Candidate | None) -> None:
        """Take a trickled remote candidate; None says there are no more (RFC 8838, 14).

        One that the page may not name is left out, as is one too many (:class:`Remotes`).

        :raises ValueError: if it has no usable IP address or port.
        """
        if candidate is None or candidate.transport.lower() != "udp":
            return  # the owner of an active TCP candidate connects to us (RFC 6544, 5.2)
        if candidate.host.endswith(".local"):
            # Its checks reach us anyway, as peer-reflexive. Asking the LAN for a phone's mDNS name
            # would only take time.
            return
        address = ipaddress.ip_address(candidate.host)
        if "%" in candidate.host or not 1 <= candidate.port <= 65535:
            raise ValueError(f"{candidate.host!r}:{candidate.port} is not a transport address")
        candidate.host = str(address)
        if self._remotes.admit(candidate):
            self._checklist.add_remote(candidate)
            self._wake()

    def transmit(self, data: bytes) -> None:
        pair = self._failover.pair
        if pair is not None:
            pair.base.send(data, pair.address)

    def doubt(self) -> None:
        """The peer says that it hears nothing, so what we send is lost; check every pair."""
        now = self._loop.time()
        if self._failover.doubt(now):
            self._checklist.wake_all(now)
            self._wake()

    def describe(self) -> dict[str, str]:
        pair = self._failover.selected
        return _described(pair) if pair is not None else {}

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._checklist.close()
        self.media_port.release(self.local_ufrag, self)
        for base in self._checklist.bases:
            if isinstance(base, RelayBase):
                base.close()
        if self._owns_port:
            self.media_port.close()

    # What arrives at the port.

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        if stun.is_stun(data):
            self._receive_stun(base, data, remote)
            return
        pair = self._checklist.find(base, remote)
        if pair is None or pair.state is PairState.FAILED:
            self._receive_unchecked(base, data, remote)
        elif pair.has_answered:
            self._data_received(pair, len(data))
            self._host.deliver(self, data)
        else:
            self._receive_unproved(pair, data)

    def base_lost(self, base: Base) -> None:
        """A TCP connection or an allocation is gone, and its pairs with it."""
        for pair in self._checklist.remove_base(base):
            self._failover.forget(pair)
        self._wake()

    def _data_received(self, pair: Pair, size: int) -> None:
        pair.credit.earn(size)
        if pair.data_received(self._loop.time()):
            self._wake()

    def _receive_unproved(self, pair: Pair, data: bytes) -> None:
        """Take media if they are authentic, and hold DTLS until the pair answers a check.

        A check from there does not show who it is: an eavesdropper can send one of the peer's
        again, and then a ClientHello (ES2023-02). Only the peer can answer ours.
        """
        if is_rtp(data):
            if self._host.accept(self, data):
                self._data_received(pair, len(data))
        elif pair.is_checked_by_peer:
            self._data_received(pair, len(data))
            pair.hold(data)

    def _receive_unchecked(self, base: Base, data: bytes, remote: Address) -> None:
        """Media from an unchecked address: the peer's NAT has mapped it anew in mid-call.

        The peer does not notice, and its next check may be seconds away. Only the peer has the keys
        to authentic media, yet nothing but checks goes to that address until one is answered.
        """
        if not self._host.accept(self, data):
            return
        selected, now = self._failover.selected, self._loop.time()
        priority = selected.remote.priority if selected is not None else 0
        pair = self._find_or_learn(base, remote, priority)
        if pair is not None:
            pair.credit.earn(len(data))
            pair.heard = now
            pair.wake(now)
            self.doubt()
            self._check(pair, now)

    def _find_or_learn(self, base: Base, remote: Address, priority: int) -> Pair | None:
        known = self._checklist.find(base, remote)
        in_use = (self._failover.selected, self._failover.nominee)
        return known or self._checklist.learn(base, remote, priority, in_use=in_use)

    def _receive_stun(self, base: Base, data: bytes, remote: Address) -> None:
        try:
            message = stun.parse(data)
        except ValueError:
            return
        if message.message_method is not stun.Method.BINDING:
            return
        if message.message_class is stun.Class.REQUEST:
            self._request_received(base, message, remote, len(data))
        else:
            self._answer_received(base, message, remote)

    def _request_received(
        self, base: Base, message: stun.Message, remote: Address, size: int
    ) -> None:
        """RFC 8445, 7.3. A request that is not authentic gets no answer and changes nothing.

        Nor does one that is shorter than its answer. A check is longer (7.1): whoever forges its
        source must not get more sent there than they send.
        """
        username = message.attributes.get("USERNAME", "")
        if username != f"{self.local_ufrag}:{self._remote_ufrag}":
            return
        if not message.check_message_integrity(self.local_pwd.encode()):
            return
        self._host.prove()
        answer = stun.binding_response(message, remote, self.local_pwd.encode())
        if len(answer) > size:
            return
        pair = self._find_or_learn(base, remote, message.attributes.get("PRIORITY", 0))
        if pair is None:
            return
        pair.credit.earn(size - len(answer))
        conflict = self.role.resolve_conflict(message)
        base.send(answer, remote)
        self.media_port.route(base, remote, self, has_answered=False)
        pair.heard = self._loop.time()
        pair.is_checked_by_peer = True
        if conflict or pair.state is not PairState.SUCCEEDED:
            pair.wake(pair.heard)  # a triggered check (RFC 8445, 7.3.1.4)
            self._wake()
        if "USE-CANDIDATE" in message.attributes:
            pair.remote_nominated = True
            if pair.state is PairState.SUCCEEDED and not self.role.controlling:
                self._select(pair)

    def _answer_received(self, base: Base, message: stun.Message, remote: Address) -> None:
        """RFC 8445, 7.2.5."""
        check = self._checklist.answered(base, message, remote)
        if check is None:
            return
        self._host.prove()
        pair, now = check.pair, self._loop.time()
        if message.message_class is stun.Class.ERROR:
            if message.error_code == 487 and self.role.refused(check.role):
                pair.wake(now)
                self._wake()
            return
        is_unused = pair is self._failover.selected and self._is_unused(now)
        self._checklist.succeeded(check, now, is_unused=is_unused)
        for data in pair.release():
            self._host.deliver(self, data)
        self.role.accepted(check.role)
        self.media_port.route(base, remote, self, has_answered=True)
        if check.nominates or (pair.remote_nominated and not self.role.controlling):
            self._select(pair)
        self._move(now)
        self._wake()

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
        if self._has_lost_consent(now):
            self._host.drop(self)
            return
        if not self._host.is_superseded(self):
            if self._failover.watch(now):
                self._checklist.wake_all(now)
            self._failover.expire(now)
            self._yield_if_ignored(now)
            self._move(now)
        wanted = self._checklist.wanted(self._failover, now, is_unused=self._is_unused(now))
        due = [pair for pair in wanted if pair.due <= now]
        if due:
            self._check_most_urgent(due, now)
        at = now + PACING_S if len(due) > 1 else next_look(wanted, self._failover, now)
        self._timer = self._loop.call_at(at, self._tick)

    def _has_lost_consent(self, now: float) -> bool:
        """Whether no pair has consent any more (RFC 7675)."""
        return -inf < self._checklist.answered_at < now - CONSENT_S

    def _is_unused(self, now: float) -> bool:
        return self._failover.is_unused(now, self.last_heard)

    def _check_most_urgent(self, due: Iterable[Pair], now: float) -> None:
        pair = most_urgent(due, self._failover)
        if has_expired(pair, now):
            pair.fail()
        else:
            self._check(pair, now)

    def _check(self, pair: Pair, now: float) -> None:
        state, controls = self._failover, self.role.controlling
        nominates = controls and pair is state.nominee
        # A path that was replaced must not take the peer back.
        confirms = controls and pair is state.selected and not self._host.is_superseded(self)
        if nominates:
            self._host.nominate(self)
        self._checklist.check(
            pair,
            now,
            nominates=nominates,
            confirms=confirms,
            retry_soon=nominates or state.is_suspect,
        )

    def _yield_if_ignored(self, now: float) -> None:
        """Let the peer control if it ignores our claim, and no path of the call works yet.

        After a restart the new pairs may get packets meant for the old path, if the peer kept its
        addresses: then they prove nothing. And the role was settled before.
        """
        if not self._host.is_silent:
            return
        pair = self.role.yield_if_ignored(self._checklist.pairs, now)
        if pair is not None:
            pair.wake(now)

    # Moving.

    def _move(self, now: float) -> None:
        """Go to a better pair, if there is one."""
        if self._host.is_superseded(self):
            return
        nothing_works = self._host.is_silent
        move = decide(self._failover, self._checklist.pairs, now, nothing_works=nothing_works)
        if move is None:
            return
        if self.role.controlling:
            self._failover.nominee = move.pair
            move.pair.wake(now)
            self._host.pair_nominated(_described(move.pair))
        if move.at_once:
            self._use(move.pair)

    def _select(self, pair: Pair) -> None:
        """``pair`` is nominated, by us or by the peer."""
        if pair is self._failover.nominee:
            self._failover.nominee = None
        self._use(pair)

    def _use(self, pair: Pair) -> None:
        changed = self._failover.use(pair, self._loop.time())
        self._host.promote(self)
        if changed:
            self._host.pair_changed(self)


def _described(pair: Pair) -> dict[str, str]:
    """A pair for a timeline: types and transport, no addresses."""
    return {
        "local": pair.base.candidate.type,
        "remote": pair.remote.type,
        "transport": pair.base.candidate.transport,
    }
