"""The kinds of events in a call's timeline: who writes each of them, and what its fields mean.

``manage.py contract`` writes the table of ``docs/timeline.md`` from it. A test compares it with the
code that writes events.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Author = Literal["page", "socket", "bot"]


@dataclass(frozen=True)
class Kind:
    """A kind of event.

    :param name: as it is in the timeline.
    :param authors: who writes it.
    :param when: when it is written.
    :param words: the event in words, for a person. ``{name}`` stands for the field of this name.
    :param fields: what each field of the detail means, with its unit.
    :param example: a detail that has all of the fields.
    """

    name: str
    authors: tuple[Author, ...]
    when: str
    words: str
    fields: Mapping[str, str] = field(default_factory=dict)
    example: Mapping[str, Any] = field(default_factory=dict)


GENERATION = "the ICE generation: 1 for the call's first offer"

KINDS = (
    Kind(
        "state",
        ("page", "bot"),
        "the call moved to another state",
        "{state} {reason}",
        {
            "state": "the state; `idle`, `asking-mic` and `waiting` are known to the page alone",
            "reason": "a code of [networks.md](networks.md); empty if there is none",
        },
        {"state": "recovering", "reason": "path_silent"},
    ),
    Kind(
        "way",
        ("page",),
        "the page made a peer connection",
        "begins with the way {way}, forced: {forced}",
        {
            "way": "the [way](architecture.md#glossary) to begin with",
            "forced": "whether the address of the page asks for it (`?ice=`)",
        },
        {"way": "relay", "forced": True},
    ),
    Kind(
        "offer",
        ("bot",),
        "the bot answered an offer",
        "offer of generation {generation} answered; {offer_chars} and {answer_chars} characters",
        {
            "generation": GENERATION,
            "offer_chars": "characters of the offer's SDP",
            "answer_chars": "characters of the answer's SDP",
        },
        {"generation": 1, "offer_chars": 2210, "answer_chars": 1180},
    ),
    Kind(
        "ice-servers",
        ("bot",),
        "the call's TURN servers changed",
        "TURN servers of this call: over {turn} from {providers}",
        {
            "turn": "over which of `udp`, `tcp` and `tls` they are reached; empty without any",
            "providers": "who issued them, separated by spaces",
        },
        {"turn": "tls udp", "providers": "coturn"},
    ),
    Kind(
        "candidate",
        ("bot",),
        "the page or the bot found a candidate that the bot can use, after its offer or answer",
        "candidate of the {side}: {type} over {protocol}, generation {generation}",
        {
            "generation": GENERATION,
            "side": "`page` or `bot`",
            "type": "`host`, `srflx`, `prflx` or `relay`; the address is not kept",
            "protocol": "`udp` or `tcp`, between the candidate and its peer",
        },
        {"generation": 1, "side": "page", "type": "srflx", "protocol": "udp"},
    ),
    Kind(
        "socket",
        ("page",),
        "the page's socket is ready, or lost",
        "socket {state}",
        {"state": "`ready` or `lost`"},
        {"state": "ready"},
    ),
    Kind(
        "socket-closed",
        ("bot",),
        "the page's socket closed",
        "the page's socket closed with code {code}",
        {"code": "the WebSocket close code (RFC 6455, 7.4)"},
        {"code": 1001},
    ),
    Kind(
        "socket-resumed",
        ("socket",),
        "a new socket took over the call",
        "a new socket took over the call",
    ),
    Kind(
        "moving",
        ("page",),
        "the page was told to move, and makes another peer connection",
        "told to move to another worker",
    ),
    Kind(
        "moved",
        ("socket",),
        "the call's worker was gone or about to stop, and another one has it now",
        "another worker has the call",
    ),
    Kind(
        "ice",
        ("page",),
        "the browser's ICE connection state changed",
        "ICE {state}",
        {"state": "`RTCIceConnectionState`"},
        {"state": "checking"},
    ),
    Kind(
        "connection",
        ("page",),
        "the browser's connection state, of ICE and DTLS, changed",
        "connection {state}",
        {"state": "`RTCPeerConnectionState`"},
        {"state": "connected"},
    ),
    Kind(
        "candidate-error",
        ("page", "bot"),
        "a STUN or TURN server failed",
        "{url} failed: {code} {text}",
        {
            "url": "the server's URL",
            "code": "the STUN error code; 701 without an answer (the bot gives a relay 2.5 s)",
            "text": "what the browser, the server or the operating system says",
        },
        {"url": "turn:turn.example.com:3478?transport=tcp", "code": 701, "text": "refused"},
    ),
    Kind(
        "gathered",
        ("bot",),
        "the bot has asked all TURN servers of this generation",
        "generation {generation}: {relays} of {turn_servers} TURN servers gave the bot a relay",
        {
            "generation": GENERATION,
            "turn_servers": "how many TURN servers it asked, counted by URL",
            "relays": "how many of them gave it an address",
            "dead": "over which of `udp`, `tcp` and `tls` none of them did, separated by spaces",
        },
        {"generation": 1, "turn_servers": 3, "relays": 2, "dead": "tls"},
    ),
    Kind(
        "ice-partial",
        ("socket",),
        "providers gave no ICE servers, or not in time, or were not asked (`over budget`)",
        "no ICE servers from {without}",
        {"without": "the providers, separated by commas"},
        {"without": "twilio, xirsys"},
    ),
    Kind(
        "nominated",
        ("bot",),
        "the bot nominates a candidate pair; `path` says when it sends there",
        "generation {generation}: the bot nominates {local} → {remote} over {transport}",
        {
            "generation": GENERATION,
            "local": "the type of the bot's candidate",
            "remote": "the type of the page's candidate",
            "transport": "`udp` or `tcp`, between the bot and what it sends to",
        },
        {"generation": 1, "local": "host", "remote": "srflx", "transport": "udp"},
    ),
    Kind(
        "path",
        ("bot",),
        "packets go over another candidate pair",
        "generation {generation}: the bot sends {local} → {remote} over {transport}",
        {
            "generation": GENERATION,
            "local": "the type of the bot's candidate",
            "remote": "the type of the page's candidate",
            "transport": "`udp` or `tcp`, between the bot and what it sends to",
        },
        {"generation": 1, "local": "host", "remote": "srflx", "transport": "udp"},
    ),
    Kind(
        "pair",
        ("page",),
        "the browser uses another candidate pair, seen within a second",
        "the page sends {pair} over {protocol}",
        {
            "pair": "the types of the page's and the bot's candidates",
            "protocol": "`udp`, `tcp` or `tls`, between the page and what it sends to",
        },
        {"pair": "relay → host", "protocol": "tls"},
    ),
    Kind(
        "path-up",
        ("page",),
        "the path is up, for the first time or again",
        "path up after {after_ms} ms",
        {"after_ms": "milliseconds that the path was away, or took to come up"},
        {"after_ms": 640},
    ),
    Kind(
        "restart",
        ("page",),
        "ICE is restarted",
        "ICE restart, generation {generation}, way {way}, because of {reason}",
        {
            "generation": GENERATION,
            "way": "the [way](architecture.md#glossary) that is tried",
            "reason": "one of [these](networks.md#what-the-timeline-says-about-repairs)",
        },
        {"generation": 2, "way": "all", "reason": "path_silent"},
    ),
    Kind(
        "restart-failed",
        ("page",),
        "the browser refused to restart ICE",
        "ICE restart refused: {error}",
        {"error": "what the browser says"},
        {"error": "InvalidStateError: closed"},
    ),
    Kind(
        "silence",
        ("page",),
        "no packet came for 400 ms",
        "nothing came for {ms} ms",
        {"ms": "milliseconds without a packet so far"},
        {"ms": 412},
    ),
    Kind(
        "sound",
        ("page",),
        "packets come again",
        "packets come again after {silent_ms} ms",
        {"silent_ms": "milliseconds without a packet"},
        {"silent_ms": 1240},
    ),
    Kind(
        "hears",
        ("bot",),
        "whether the bot receives the page's packets changed",
        "the bot receives the page: {media}",
        {"media": "whether it does"},
        {"media": False},
    ),
    Kind(
        "heard",
        ("bot",),
        "the page said whether it receives the bot's packets",
        "the page receives the bot: {media}",
        {"media": "whether it does"},
        {"media": False},
    ),
    Kind(
        "degraded",
        ("page",),
        "UDP lets too little through",
        "UDP is crippled: {losses} % lost, {slow} slow answers",
        {
            "losses": "the share of packets lost in each of the last windows, in per cent",
            "slow": "how many of the last answers took far longer than the best",
        },
        {"losses": "70 81 66", "slow": 0},
    ),
    Kind(
        "woke",
        ("page",),
        "the page was frozen",
        "the page was frozen for {frozen_ms} ms",
        {"frozen_ms": "milliseconds"},
        {"frozen_ms": 5200},
    ),
    Kind(
        "heartbeat",
        ("page", "bot"),
        "a round trip over the data channel",
        "heartbeat, {rtt_ms} ms",
        {"rtt_ms": "milliseconds there and back"},
        {"rtt_ms": 48},
    ),
    Kind(
        "heartbeat-lost",
        ("bot",),
        "no heartbeat came for `VOICEDEMO_LIVENESS_S`",
        "no heartbeat from the page",
    ),
    Kind(
        "peer-replaced",
        ("page",),
        "the call goes on over another peer connection",
        "another peer connection replaces this one",
    ),
    Kind(
        "visibility",
        ("bot",),
        "the page went to the background, or came back",
        "page in the background: {hidden}",
        {"hidden": "whether it is in the background"},
        {"hidden": True},
    ),
    Kind(
        "microphone",
        ("page",),
        "the microphone was refused (`error`), or is opened again (`why`)",
        "microphone: {error} {why}",
        {
            "error": "what the browser says",
            "why": "`ended`, `device-gone`, `returned` or `retry`",
        },
        {"error": "NotAllowedError: Permission denied", "why": "ended"},
    ),
    Kind(
        "mute",
        ("page",),
        "the person muted or unmuted",
        "muted: {muted}",
        {"muted": "whether the microphone is muted"},
        {"muted": True},
    ),
    Kind(
        "refused",
        ("page",),
        "the server refused a message",
        "the server refused a message: {code} {message}",
        {
            "code": "an error code of [protocol.md](protocol.md)",
            "message": "one line for a developer",
        },
        {"code": "bad_offer", "message": "no audio section"},
    ),
    Kind(
        "events-dropped",
        ("socket", "bot"),
        "said once: the timeline has as many events of a kind, or of the page, as it may; "
        "later ones are left out",
        "the timeline is full; later events are left out",
    ),
    Kind(
        "turn",
        ("bot",),
        "the bot answered",
        "the bot answered after {ms} ms",
        {"ms": "milliseconds from the end of what the person said to the first sound"},
        {"ms": 720},
    ),
    Kind(
        "turns",
        ("bot",),
        "the call ends: all of the bot's answers",
        "{count} answers, median {p50} ms, 95th percentile {p95} ms",
        {
            "count": "how many there were",
            "p50": "milliseconds: the median of the waits; missing without an answer",
            "p95": "milliseconds: their 95th percentile; missing without an answer",
        },
        {"count": 12, "p50": 710, "p95": 1190},
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def table() -> str:
    """The table of ``docs/timeline.md``, which ``manage.py contract`` writes."""
    rows = [
        "| kind | written by | when | fields | example |",
        "|---|---|---|---|---|",
        *(
            f"| `{kind.name}` | {', '.join(kind.authors)} | {kind.when} | "
            f"{'; '.join(f'`{name}`: {text}' for name, text in kind.fields.items())} | "
            f"{_example(kind)} |"
            for kind in KINDS
        ),
    ]
    return "\n".join(" ".join(row.split()) for row in rows) + "\n"


def _example(kind: Kind) -> str:
    return f"`{json.dumps(kind.example, ensure_ascii=False)}`" if kind.example else ""


def words(kind: str, detail: Mapping[str, Any]) -> str:
    """An event in words. A kind that is not in the schema is shown as it is.

    The page's events are what a stranger sent: nothing that a terminal obeys is in the result.
    """
    known = BY_NAME.get(kind)
    if known is None:
        return f"{kind} {json.dumps(detail)}"
    filled = re.sub(r"\{(\w+)\}", lambda name: plain(detail.get(name[1])), known.words)
    return " ".join(filled.split())


def plain(value: object) -> str:
    """A value as printable text of one line."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case float():
            return f"{value:g}"
    return "".join(c if c.isprintable() else " " for c in str(value))
