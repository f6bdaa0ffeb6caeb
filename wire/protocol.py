"""The wire between page and server, and between socket and bot: its only definition.

Knows neither Django nor Channels. ``docs/protocol.md`` describes the same messages in prose.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyAddress,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

MAX_MESSAGE_BYTES = 64 * 1024
MAX_CHECKUP_BYTES = 8 * 1024
MAX_SDP_CHARS = 32 * 1024
MAX_REPORT_EVENTS = 50

Parsed = TypeVar("Parsed")

Voice = Literal["echo", "parrot", "tone", "speech", "bot"]
ErrorCode = Literal[
    "bad_message",
    "too_large",
    "bad_offer",
    "unknown_attempt",
    "no_call",
    "busy",
    "ticket_invalid",
    "ticket_expired",
    "ticket_used",
    "call_unknown",
    "heartbeat_lost",
    "server_stopping",
    "internal",
]
ByeReason = Literal["ended", "call_lost", "time_limit", "server_stopping"]


class ProtocolError(Exception):
    """A message that is not part of the protocol, or not now.

    :param code: the stable :data:`ErrorCode` the page acts on.
    :param message: one line for a developer.
    :param retryable: whether the same request may succeed later.
    """

    def __init__(self, code: ErrorCode, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.retryable = retryable


class _Wire(BaseModel):
    """Snake case here, camel case on the wire, as the WebRTC API spells its dictionaries."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, allow_inf_nan=False
    )

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True)


Attempt = Annotated[int, Field(ge=1, le=1_000_000)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SDP_CHARS)]
ShortText = Annotated[str, StringConstraints(max_length=200)]


class IceCandidate(_Wire):
    """``RTCIceCandidateInit`` (W3C WebRTC, 4.8.1.1)."""

    candidate: Annotated[str, StringConstraints(max_length=1024)]
    sdp_mid: Annotated[str, StringConstraints(max_length=64)] | None = None
    sdp_m_line_index: Annotated[int, Field(ge=0, le=65535)] | None = None
    username_fragment: Annotated[str, StringConstraints(max_length=256)] | None = None


class IceServer(_Wire):
    """``RTCIceServer`` (W3C WebRTC, 4.2.4)."""

    urls: list[str]
    username: str | None = None
    credential: str | None = Field(default=None, repr=False)


# Page to server


class Description(_Wire):
    """An SDP offer and the ICE generation it opens (1 for the first, one more each restart)."""

    sdp: Sdp
    attempt: Attempt
    rejoin: bool = False
    """The page was reloaded: this is for a new DTLS association under the same call."""
    abandon: bool = False
    """The path before is crippled: not another packet on it, once there is a way around."""


class Offer(Description):
    type: Literal["offer"] = "offer"
    voice: Voice | None = None


class Candidate(_Wire):
    """A trickled candidate; ``candidate: null`` says there are no more (RFC 8838)."""

    type: Literal["candidate"] = "candidate"
    candidate: IceCandidate | None
    attempt: Attempt


class Resume(_Wire):
    """A new socket for a call that is already up; may carry the offer that is still unanswered."""

    type: Literal["resume"] = "resume"
    call_id: ShortText
    token: ShortText
    offer: Description | None = None


class Hears(_Wire):
    """Whether packets of the other side arrive. Each side tells the other when that changes."""

    type: Literal["hears"] = "hears"
    media: bool


class Visibility(_Wire):
    """The page was put in the background, where a phone may freeze it, or came back from there."""

    type: Literal["visibility"] = "visibility"
    hidden: bool


class IceRequest(_Wire):
    """The page's TURN credentials are about to expire."""

    type: Literal["ice"] = "ice"


class Ping(_Wire):
    """How far is the server? Needs no call."""

    type: Literal["ping"] = "ping"
    at: Annotated[int, Field(ge=0, le=2**53)]


class ReportedEvent(_Wire):
    at: Annotated[int, Field(ge=0, le=2**53)]
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,40}$")]
    detail: dict[ShortText, ShortText | float | bool | None] = Field(
        default_factory=dict, max_length=20
    )


class Report(_Wire):
    type: Literal["report"] = "report"
    events: Annotated[list[ReportedEvent], Field(max_length=MAX_REPORT_EVENTS)]


class Relayed(_Wire):
    """What went through a TURN server since the last of these, both ways."""

    type: Literal["relayed"] = "relayed"
    url: ShortText
    protocol: Literal["udp", "tcp", "tls"]
    bytes: Annotated[int, Field(ge=0, le=100_000_000)]
    ms: Annotated[int, Field(ge=0, le=120_000)]


class Bye(_Wire):
    type: Literal["bye"] = "bye"
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = "hangup"


ClientMessage = (
    Offer | Candidate | Resume | Hears | Visibility | IceRequest | Ping | Report | Relayed | Bye
)
_client = TypeAdapter[ClientMessage](Annotated[ClientMessage, Field(discriminator="type")])


def parse_client(text: str) -> ClientMessage:
    """Read one message from the page.

    :raises ProtocolError: ``too_large`` or ``bad_message``; the parser bounds nesting itself.
    """
    return _parsed(_client.validate_json, text)


def _parsed(
    parse: Callable[[Any], Parsed], text: str | bytes, limit: int = MAX_MESSAGE_BYTES
) -> Parsed:
    if len(text) > limit:
        raise ProtocolError("too_large", f"messages are limited to {limit} bytes")
    try:
        return parse(text)
    except ValidationError as exc:
        raise ProtocolError("bad_message", _first_problem(exc)) from None


def _first_problem(exc: ValidationError) -> str:
    """Where and why, without the input: it may be an SDP."""
    problem = exc.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}"[:200] if where else problem["msg"][:200]


# Server to page


class HeartbeatTerms(_Wire):
    """How often each side pings, and after how much silence the path is dead. Seconds."""

    interval_s: float
    liveness_s: float


class Ready(_Wire):
    type: Literal["ready"] = "ready"
    call_id: str
    token: str
    heartbeat: HeartbeatTerms
    network: str
    """The same for every page behind the same public address, and of no other use."""


class Answer(_Wire):
    type: Literal["answer"] = "answer"
    sdp: str
    attempt: Attempt


class ServerCandidate(_Wire):
    type: Literal["candidate"] = "candidate"
    candidate: IceCandidate | None
    attempt: Attempt


class Turn(_Wire):
    """How long the person has just waited for the bot's answer, from the end of what they said."""

    type: Literal["turn"] = "turn"
    ms: int


class Says(_Wire):
    """What the bot begins to say, for a caption; empty when it has said it."""

    type: Literal["says"] = "says"
    text: str


class Ice(_Wire):
    type: Literal["ice"] = "ice"
    ice_servers: list[IceServer]
    ttl: int
    expires_at: str
    partial: bool = False
    """A provider has not answered yet: ask again in a moment."""


class Pong(_Wire):
    type: Literal["pong"] = "pong"
    at: int
    """As it was in the ping."""
    address: str
    """Where this page's socket comes from; '' where that is not known."""


class Error(_Wire):
    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    retryable: bool

    @classmethod
    def of(cls, exc: ProtocolError) -> "Error":
        return cls(code=exc.code, message=exc.message, retryable=exc.retryable)


class ServerBye(_Wire):
    type: Literal["bye"] = "bye"
    reason: ByeReason


ServerMessage = (
    Ready | Answer | ServerCandidate | Hears | Turn | Says | Ice | Pong | Error | ServerBye
)


# What a page found out about itself at /check/


class CheckedRow(_Wire):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,20}$")]
    status: Literal["good", "warning", "bad", "skipped"]
    found: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    data: dict[ShortText, ShortText | float | bool | None] = Field(
        default_factory=dict, max_length=20
    )


class Checkup(_Wire):
    """A self-test of one phone in one network."""

    verdict: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    rows: Annotated[list[CheckedRow], Field(max_length=20)]
    user_agent: Annotated[str, StringConstraints(max_length=500)]


def parse_checkup(body: bytes) -> Checkup:
    """:raises ProtocolError: ``too_large`` or ``bad_message``."""
    return _parsed(Checkup.model_validate_json, body, MAX_CHECKUP_BYTES)


# Socket to bot, through the channel layer


class _ForBot(BaseModel):
    model_config = ConfigDict(frozen=True)

    call_id: str


class BotOffer(_ForBot):
    kind: Literal["offer"] = "offer"
    reply_to: str
    sdp: Sdp
    attempt: Attempt
    voice: Voice
    rejoin: bool = False
    abandon: bool = False

    @property
    def opens_call(self) -> bool:
        return self.attempt == 1 and not self.rejoin


class BotCandidate(_ForBot):
    kind: Literal["candidate"] = "candidate"
    candidate: IceCandidate | None
    attempt: Attempt


class BotAttach(_ForBot):
    """A socket (re)claims the call: answers go to it from now on."""

    kind: Literal["attach"] = "attach"
    reply_to: str


class BotDetach(_ForBot):
    """The call's socket is gone, with the WebSocket close code seen by the server."""

    kind: Literal["detach"] = "detach"
    reply_to: str
    code: int


class BotHears(_ForBot):
    """Whether the page hears the bot."""

    kind: Literal["hears"] = "hears"
    media: bool


class BotVisibility(_ForBot):
    kind: Literal["visibility"] = "visibility"
    hidden: bool


class BotIce(_ForBot):
    """The bot's own ICE servers for its call, after each offer."""

    kind: Literal["ice"] = "ice"
    ice_servers: list[IceServer]
    page_address: IPvAnyAddress | None = None
    """Where the page's socket comes from: its packets may come from there as well."""


class BotHangup(_ForBot):
    kind: Literal["hangup"] = "hangup"
    reason: str


BotMessage = (
    BotOffer | BotCandidate | BotAttach | BotDetach | BotHears | BotVisibility | BotIce | BotHangup
)


class BotEnvelope(BaseModel):
    """What travels on a worker's channel. ``type`` is the name Channels dispatches on."""

    type: Literal["bot.message"] = "bot.message"
    message: BotMessage = Field(discriminator="kind")


class SocketEnvelope(BaseModel):
    """What travels on a socket's channel: the JSON text for the page, and whether to hang up."""

    type: Literal["page.message"] = "page.message"
    text: str
    close: bool = False


def for_bot(message: BotMessage) -> dict[str, Any]:
    return BotEnvelope(message=message).model_dump()


def for_page(message: ServerMessage, *, close: bool = False) -> dict[str, Any]:
    return SocketEnvelope(text=message.to_json(), close=close).model_dump()
