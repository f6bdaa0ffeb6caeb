from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf

from aioice.candidate import Candidate

from .path import Address, Base

FIRST_RETRY_S = 0.1
MAX_RETRY_S = 3.0


class PairState(Enum):
    WAITING = auto()
    SUCCEEDED = auto()
    FAILED = auto()


@dataclass(eq=False, slots=True)
class Pair:
    """A candidate pair (RFC 8445, 6.1.2): a base of ours and an address of theirs.

    Times are of the event loop's clock, in seconds.
    """

    base: Base
    remote: Candidate
    priority: int
    due: float
    """When the next check goes out."""
    is_new_network: bool = False
    """Of a network that the peer did not have before this ICE generation."""
    state: PairState = PairState.WAITING
    retry: float = FIRST_RETRY_S
    first_check: float | None = None
    """First unanswered check of the present row of them."""
    valid_since: float = inf
    answered: float = -inf
    """When the peer last answered a check of ours: it still consents (RFC 7675)."""
    heard: float = -inf
    """When anything authentic last came from there."""
    rtt: float = field(default=0.0)
    remote_nominated: bool = False

    @property
    def address(self) -> Address:
        return (self.remote.host, self.remote.port)

    @property
    def is_direct_udp(self) -> bool:
        types = (self.base.candidate.type, self.remote.type)
        return self.base.candidate.transport == "udp" and "relay" not in types

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Direct UDP before anything else, then by pair priority (RFC 8445, 6.1.2.3).

        A phone brings a network up because it is about to move there, whatever it still has.
        """
        return (self.is_direct_udp, self.is_new_network, self.priority)

    def answer_received(self, now: float, rtt: float) -> None:
        if self.state is not PairState.SUCCEEDED:
            self.state = PairState.SUCCEEDED
            self.valid_since = now
        self.answered = self.heard = now
        self.rtt = rtt
        self.first_check = None
        self.retry = FIRST_RETRY_S

    def check_sent(self, now: float) -> None:
        """Book the next check: sooner or later again, as this one may be lost."""
        if self.first_check is None:
            self.first_check = now
        self.due = now + self.retry
        self.retry = min(MAX_RETRY_S, 2 * self.retry)

    def wake(self, now: float) -> None:
        """Check it now, and quickly again: something has happened there."""
        if self.state is PairState.FAILED:
            self.state = PairState.WAITING
        self.due = now
        self.retry = FIRST_RETRY_S
        self.first_check = None

    def fail(self) -> None:
        self.state = PairState.FAILED
        self.valid_since = inf
        self.due = inf
