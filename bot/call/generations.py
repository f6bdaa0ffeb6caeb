from wire.errors import ProtocolError
from wire.model import IceCandidate
from wire.page import Candidate, Offer

MAX_EARLY_CANDIDATES = 64


class GenerationFence:
    """Knows the ICE generation of a call, and which offers and candidates are stale.

    Candidates that arrive before the offer of their generation are kept for it (RFC 8838, 10).

    :ivar current: the generation of the latest offer; 0 before the first.
    """

    def __init__(self) -> None:
        self.current = 0
        self._early: list[IceCandidate | None] = []

    def is_stale(self, offer: Offer) -> bool:
        """Whether a later offer overtook this one."""
        return offer.generation < self.current and not offer.rejoin

    def reset(self) -> None:
        """Begin again, because the call gets another peer connection."""
        self.current = 0

    def enter(self, generation: int) -> list[IceCandidate | None]:
        """Move to the generation of an offer. Returns the candidates that came before it."""
        early, self._early = self._early, []
        follows = generation <= self.current + 1
        self.current = generation
        return early if follows else []

    def admit(self, message: Candidate) -> bool:
        """Whether a candidate belongs to the current generation. One of the next is kept.

        :raises ProtocolError: ``unknown_generation`` if no offer can announce its generation.
        """
        if message.generation == self.current:
            return True
        if message.generation == self.current + 1 and len(self._early) < MAX_EARLY_CANDIDATES:
            self._early.append(message.candidate)
        elif message.generation > self.current:
            raise ProtocolError("unknown_generation", "no offer with this generation")
        return False
