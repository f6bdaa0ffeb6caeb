"""The messages of the server, or of the bot through it, to a page."""

from typing import Literal

from .constants import RelayProtocol
from .errors import ErrorCode, ProtocolError
from .model import EpochMs, Generation, IceServer, WireModel
from .page import Candidate, Hears

ByeReason = Literal["ended", "call_lost", "time_limit", "server_stopping", "network_blocked"]


class HeartbeatTerms(WireModel):
    """How often each side pings, and after how much silence the path is dead. Seconds."""

    interval_s: float
    liveness_s: float


class Ready(WireModel):
    """The first message on a socket, and again after a ``resume``."""

    type: Literal["ready"] = "ready"
    call_id: str
    token: str
    """The secret with which the page's next socket resumes this call."""
    heartbeat: HeartbeatTerms
    network: str
    """The same for every page behind the same public address; it reveals nothing else."""


class Answer(WireModel):
    """The SDP answer to the offer of the same generation."""

    type: Literal["answer"] = "answer"
    sdp: str
    generation: Generation


class Turn(WireModel):
    """The person has just waited this long for an answer, from the end of what they said."""

    type: Literal["turn"] = "turn"
    ms: int


class Says(WireModel):
    """The caption of what the bot begins to say; empty when it has said it."""

    type: Literal["says"] = "says"
    text: str


class Ice(WireModel):
    """ICE servers with fresh credentials."""

    type: Literal["ice"] = "ice"
    ice_servers: list[IceServer]
    ttl: int
    """Seconds until the first of the credentials expires."""
    expires_at: str
    partial: bool = False
    """Servers are missing, often because a provider is late: ask again in a moment."""
    limited: bool = False
    """They are missing because so many TURN credentials were issued that there are none now."""


class Pong(WireModel):
    """The answer to a ``ping``."""

    type: Literal["pong"] = "pong"
    at: int
    """The same value as in the ping."""
    now: EpochMs
    """The server's time."""
    address: str
    """The address this page's socket comes from; empty if that is not known."""


class Error(WireModel):
    """A message was refused."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    retryable: bool

    @classmethod
    def of(cls, exc: ProtocolError) -> "Error":
        return cls(code=exc.code, message=exc.message, retryable=exc.retryable)


class DeadRelays(WireModel):
    """No TURN server of the call answers the bot over these protocols. Said with each ICE restart.

    The page may reach them all the same. If it does not either, the relay is at fault, and not the
    page's network.
    """

    type: Literal["dead-relays"] = "dead-relays"
    protocols: list[RelayProtocol]


class Waiting(WireModel):
    """Every line is taken. The page waits for one, without a peer connection meanwhile."""

    type: Literal["waiting"] = "waiting"
    place: int
    """1 is the next one. Sent again when it changes."""


class Enter(WireModel):
    """There is a line for a page that waited: it offers its call now."""

    type: Literal["enter"] = "enter"


class ServerBye(WireModel):
    """The call is over."""

    type: Literal["bye"] = "bye"
    reason: ByeReason


class Move(WireModel):
    """The call's worker is gone, or about to stop: go on with another one.

    The page makes another peer connection, offers it with generation 1 and ``rejoin``, and leaves
    the old one when the new one is connected.
    """

    type: Literal["move"] = "move"


ServerMessage = (
    Ready
    | Answer
    | Candidate
    | Hears
    | Turn
    | Says
    | Ice
    | Pong
    | DeadRelays
    | Error
    | Move
    | Waiting
    | Enter
    | ServerBye
)
