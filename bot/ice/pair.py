"""A candidate pair and when to check it."""

from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf
from typing import Final

from aioice.candidate import Candidate

from .credit import Credit
from .path import Address, Base

FIRST_RETRY_S: Final = 0.1
MAX_RETRY_S: Final = 3.0
MAX_HELD: Final = 8
"""Packets that wait for the answer to a check: a ClientHello in a few fragments."""
MAX_HELD_BYTES: Final = 1500
"""Of one such packet. Larger ones fit into no datagram of DTLS (:mod:`bot.peer.dtls`)."""


class PairState(Enum):
    WAITING = auto()
    SUCCEEDED = auto()
    FAILED = auto()


@dataclass(eq=False, slots=True)
class Pair:
    """A candidate pair (RFC 8445, 6.1.2): one of our bases and an address of the peer.

    Times are in seconds of the event loop's clock.
    """

    base: Base
    remote: Candidate
    priority: int
    due: float
    """When to send the next check."""
    credit: Credit = field(default_factory=Credit)
    """What came from there. It counts until the pair is proven."""
    is_new_network: bool = False
    """Whether it leads to a network the peer did not have in the ICE generation before."""
    state: PairState = PairState.WAITING
    retry: float = FIRST_RETRY_S
    """How long to wait after the next check before the one after it."""
    first_check: float | None = None
    """When the first of the checks that are unanswered at present was sent."""
    valid_since: float = inf
    answered: float = -inf
    """When the peer last answered a check, and so consented to receive (RFC 7675)."""
    heard: float = -inf
    """When anything authentic last came from there."""
    rtt: float = 0.0
    remote_nominated: bool = False
    """Whether the peer has nominated it; that counts while the peer controls."""
    is_checked_by_peer: bool = False
    unanswered: int = 0
    """Checks sent since the peer's own first check, if none was answered since."""
    used_since: float = inf
    """When the first packet other than STUN came from there."""
    held: list[bytes] = field(default_factory=list)
    """DTLS packets that came from there before a check was answered."""

    @property
    def address(self) -> Address:
        return (self.remote.host, self.remote.port)

    @property
    def has_answered(self) -> bool:
        """Whether whoever is there has answered a check, and so knows the peer's password."""
        return self.answered > -inf

    @property
    def is_proven(self) -> bool:
        """Whether whoever is there wants our packets: they have answered a check, or connected."""
        return self.has_answered or self.base.candidate.transport == "tcp"

    @property
    def is_direct_udp(self) -> bool:
        types = (self.base.candidate.type, self.remote.type)
        return self.base.candidate.transport == "udp" and "relay" not in types

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Direct UDP first, then a new network, then by pair priority (RFC 8445, 6.1.2.3).

        A phone that brings up a network is about to move there, whatever else it still has.
        """
        return (self.is_direct_udp, self.is_new_network, self.priority)

    def answer_received(self, now: float, rtt: float) -> None:
        if self.state is not PairState.SUCCEEDED:
            self.state = PairState.SUCCEEDED
            self.valid_since = now
        self.answered = self.heard = now
        self.rtt = rtt
        self.unanswered = 0
        self.first_check = None
        self.retry = FIRST_RETRY_S

    def data_received(self, now: float) -> bool:
        """A packet other than STUN has come.

        :returns: whether it was the first one.
        """
        self.heard = now
        is_first = self.used_since == inf
        if is_first:
            self.used_since = now
        return is_first

    def hold(self, data: bytes) -> None:
        """Keep a packet until a check is answered, or drop it if it is one too many."""
        if len(self.held) < MAX_HELD and len(data) <= MAX_HELD_BYTES:
            self.held.append(data)

    def release(self) -> list[bytes]:
        """The packets that were held; none are from now on."""
        held, self.held = self.held, []
        return held

    def check_sent(self, now: float) -> None:
        """Schedule the next check. The wait doubles while checks stay unanswered."""
        if self.first_check is None:
            self.first_check = now
        if self.is_checked_by_peer:
            self.unanswered += 1
        self.due = now + self.retry
        self.retry = min(MAX_RETRY_S, 2 * self.retry)

    def wake(self, now: float) -> None:
        """Check it now, and again soon: something has changed there."""
        if self.state is PairState.FAILED:
            self.state = PairState.WAITING
        self.due = now
        self.retry = FIRST_RETRY_S
        self.first_check = None

    def fail(self) -> None:
        self.state = PairState.FAILED
        self.valid_since = inf
        self.due = inf
