"""The messages of a page to the server, over its socket."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from .constants import MAX_REPORT_EVENTS, RelayProtocol, Voice
from .model import (
    Detail,
    EpochMs,
    Generation,
    IceCandidate,
    Sdp,
    ShortText,
    WireModel,
    parsed,
)


class Offer(WireModel):
    """An SDP offer, and the ICE generation it opens."""

    type: Literal["offer"] = "offer"
    sdp: Sdp
    generation: Generation
    voice: Voice | None = None
    """Counts with the offer that opens the call; ``None`` is the server's default."""
    rejoin: bool = False
    """The page was reloaded: the offer is for a new DTLS association under the same call."""
    abandon: bool = False
    """The previous path is crippled: the bot leaves it as soon as the new one is up."""

    @property
    def opens_call(self) -> bool:
        return self.generation == 1 and not self.rejoin


class Candidate(WireModel):
    """A trickled candidate. ``candidate: null`` says that there are no more (RFC 8838, 14).

    The server says it of the bot's candidates as well.
    """

    type: Literal["candidate"] = "candidate"
    candidate: IceCandidate | None
    generation: Generation


class Resume(WireModel):
    """A new socket takes over a call that is up. It may carry the offer that is unanswered yet."""

    type: Literal["resume"] = "resume"
    call_id: ShortText
    token: ShortText
    offer: Offer | None = None


class Hears(WireModel):
    """Whether packets of the other side arrive. Each side tells the other when that changes."""

    type: Literal["hears"] = "hears"
    media: bool


class Visibility(WireModel):
    """The page went to the background, where a phone may freeze it, or came back."""

    type: Literal["visibility"] = "visibility"
    hidden: bool


class IceRequest(WireModel):
    """The page's TURN credentials are about to expire."""

    type: Literal["ice"] = "ice"


class Ping(WireModel):
    """The page measures its distance to the server. This needs no call."""

    type: Literal["ping"] = "ping"
    at: EpochMs


class ReportedEvent(WireModel):
    """One event for the call's timeline, at the page's own time."""

    at: EpochMs
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,40}$")]
    detail: Detail = Field(default_factory=dict, max_length=20)


class Report(WireModel):
    """Events for the call's timeline, in batches."""

    type: Literal["report"] = "report"
    events: Annotated[list[ReportedEvent], Field(max_length=MAX_REPORT_EVENTS)]


class Relayed(WireModel):
    """The page's traffic through a TURN server since the last of these messages, both ways."""

    type: Literal["relayed"] = "relayed"
    url: ShortText
    protocol: RelayProtocol
    bytes: Annotated[int, Field(ge=0, le=100_000_000)]
    ms: Annotated[int, Field(ge=0, le=120_000)]


class Wait(WireModel):
    """The page waits for a line, and says so on a new socket. The place that it had is kept."""

    type: Literal["wait"] = "wait"


class Bye(WireModel):
    """The page hangs up."""

    type: Literal["bye"] = "bye"
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = "hangup"


PageMessage = (
    Offer
    | Candidate
    | Resume
    | Hears
    | Visibility
    | IceRequest
    | Ping
    | Report
    | Relayed
    | Wait
    | Bye
)
_page = TypeAdapter[PageMessage](Annotated[PageMessage, Field(discriminator="type")])


def parse_page(text: str) -> PageMessage:
    """Read one message from a page.

    :raises ProtocolError: ``too_large`` or ``bad_message``.
    """
    return parsed(_page.validate_json, text)
