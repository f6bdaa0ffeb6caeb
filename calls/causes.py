"""Why a call went as it did: one sentence from its row and its timeline, for whoever helps.

The page's events are what a stranger sent. Where the bot knows better, the bot is believed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from wire.ice_urls import parse
from wire.reasons import Reason
from wire.states import LIVE, CallState

from .events import plain
from .models import Call, CallEvent

Whose = Literal["ours", "theirs", "nobody"]

REFUSED_CREDENTIALS: Final = frozenset({400, 401, 403, 438, 441})
"""STUN error codes about who asks (RFC 8489, 14.8; RFC 8656, 19)."""
OUT_OF_ROOM: Final = frozenset({486, 508})
"""STUN error codes of a TURN server that is full (RFC 8656, 19)."""
PROTOCOLS: Final = frozenset({"udp", "tcp", "tls"})
RELAYED_WAYS: Final = PROTOCOLS | {"relay"}
MAX_URLS: Final = 2


@dataclass(frozen=True)
class Cause:
    """What happened to a call, and what to do.

    :param code: stable name.
    :param whose: who can do something about it: the operator (``ours``), the caller (``theirs``).
    :param what: what happened, without a full stop.
    :param todo: what to do, without a full stop; empty if there is nothing to do.
    """

    code: str
    whose: Whose
    what: str
    todo: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.what}; {self.todo}." if self.todo else f"{self.what}."


class Evidence:
    """What the timeline of one call says, for the decision about its cause."""

    def __init__(self, call: Call, events: Sequence[CallEvent]) -> None:
        self.call = call
        self._events = events

    def of(self, author: CallEvent.Author, kind: str) -> list[Mapping[str, Any]]:
        """The details of these events, in order."""
        return [e.detail for e in self._events if (e.author, e.kind) == (author, kind)]

    @property
    def way(self) -> str:
        """The only way that the page's address allows; empty if it allows all."""
        ways = self.of(CallEvent.Author.PAGE, "way")
        return plain(ways[0].get("way")) if ways and ways[0].get("forced") is True else ""

    @property
    def was_up(self) -> bool:
        states = self.of(CallEvent.Author.BOT, "state")
        return any(state.get("state") == CallState.CONNECTED for state in states)

    @property
    def restarts(self) -> int:
        return len(self.of(CallEvent.Author.PAGE, "restart"))

    @property
    def page_reported(self) -> bool:
        return any(event.author == CallEvent.Author.PAGE for event in self._events)

    @property
    def ice_connected(self) -> bool:
        """Whether ICE found a path, as the bot or the page says."""
        states = self.of(CallEvent.Author.PAGE, "ice")
        is_up = any(state.get("state") in ("connected", "completed") for state in states)
        return is_up or bool(self.of(CallEvent.Author.BOT, "path"))

    @property
    def socket_is_lost(self) -> bool:
        """Whether the last that was heard of the page's socket is that it closed."""
        ours = (e.kind for e in self._events if e.author != CallEvent.Author.PAGE)
        kinds = [kind for kind in ours if kind in ("socket-closed", "socket-resumed")]
        return kinds[-1:] == ["socket-closed"]

    @property
    def bot_turn_failures(self) -> list[Mapping[str, Any]]:
        failures = self.of(CallEvent.Author.BOT, "candidate-error")
        return [failure for failure in failures if _is_turn(failure)]

    @property
    def page_turn_failures(self) -> list[Mapping[str, Any]]:
        failures = self.of(CallEvent.Author.PAGE, "candidate-error")
        return [failure for failure in failures if _is_turn(failure)]

    @property
    def turn_servers(self) -> int | None:
        """How many TURN servers the bot has asked; None if it did not get so far."""
        gathered = self.of(CallEvent.Author.BOT, "gathered")
        return max((_number(g.get("turn_servers")) for g in gathered), default=None)

    @property
    def relays(self) -> int:
        gathered = self.of(CallEvent.Author.BOT, "gathered")
        return max((_number(g.get("relays")) for g in gathered), default=0)

    @property
    def has_dead_relay(self) -> bool:
        """Whether the bot found that no TURN server answers for the way that the page uses."""
        gathered = self.of(CallEvent.Author.BOT, "gathered")
        if not gathered:
            return self._has_failed_everywhere
        if self.way in PROTOCOLS:
            return any(self.way in plain(g.get("dead")).split() for g in gathered)
        return bool(self.turn_servers) and not self.relays

    @property
    def _has_failed_everywhere(self) -> bool:
        """Whether TURN servers failed over each protocol, in a search that restarts cut off."""
        given = self.of(CallEvent.Author.BOT, "ice-servers")
        known = set(plain(given[-1].get("turn")).split()) if given else set()
        used = known & {self.way} if self.way in PROTOCOLS else known
        return bool(used) and used <= {_protocol(failure) for failure in self.bot_turn_failures}


def cause_of(call: Call, events: Sequence[CallEvent]) -> Cause:
    """Why a call went as it did.

    :param events: its timeline, in order.
    """
    evidence = Evidence(call, events)
    if call.state in LIVE:
        return _live(evidence)
    decide = DECISIONS.get(call.reason)
    if decide is not None:
        return decide(evidence)
    return KNOWN.get(call.reason) or _unknown(evidence)


# While it is up.


def _live(evidence: Evidence) -> Cause:
    match evidence.call.state:
        case CallState.CONNECTED:
            return Cause("up", "nobody", "The call is up")
        case CallState.RECOVERING:
            todo = "the page and the bot repair the path for a minute"
            return Cause("recovering", "nobody", "The path is in trouble", todo)
    return Cause("connecting", "nobody", "The call is being connected", "wait for 20 s")


# It never came up.


def _blocked(evidence: Evidence) -> Cause:
    if evidence.was_up:
        return _lost(evidence)
    if evidence.ice_connected:
        return Cause(
            "dtls_failed",
            "theirs",
            "ICE found a path, but the DTLS handshake did not end",
            "let the caller try another network: this one drops large packets or inspects UDP",
        )
    return _relay_trouble(evidence) or _nothing_passes(evidence)


def _relay_trouble(evidence: Evidence) -> Cause | None:
    """Why no relay helped, if that is ours. None if the bot had a relay on this way."""
    may_relay = not evidence.way or evidence.way in RELAYED_WAYS
    return _dead_relay(evidence) if may_relay and evidence.has_dead_relay else None


def _dead_relay(evidence: Evidence) -> Cause:
    way = evidence.way
    failed = [f for f in evidence.bot_turn_failures if way not in PROTOCOLS or _protocol(f) == way]
    codes = {_number(failure.get("code")) for failure in failed}
    where = f": {_urls(failed)}" if failed else ""
    prefix = "" if way else "No direct path came up, and "
    if codes & REFUSED_CREDENTIALS:
        return Cause(
            "turn_refused",
            "ours",
            _sentence(f"{prefix}the TURN server refuses our credentials (ours){where}"),
            "give the server and the settings the same secret, compare the clocks, and run"
            " `manage.py doctor`",
        )
    if codes & OUT_OF_ROOM:
        return Cause(
            "turn_full",
            "ours",
            _sentence(f"{prefix}the TURN server has no room (ours){where}"),
            "raise its quotas, or give it more ports",
        )
    over = f" over {way.upper()}" if way in PROTOCOLS else ""
    return Cause(
        "turn_silent",
        "ours",
        _sentence(f"{prefix}no TURN server answers{over} (ours){where}"),
        "start the server or open its port, and run `manage.py doctor`",
    )


def _nothing_passes(evidence: Evidence) -> Cause:
    if not evidence.page_reported:
        return Cause(
            "page_silent",
            "theirs",
            "The page sent no connectivity check and reported nothing",
            "let the caller reload the page; a program that is no browser does this too",
        )
    if evidence.way in RELAYED_WAYS or evidence.turn_servers:
        return Cause(
            "network_blocks",
            "theirs",
            "The caller's network blocks calls: neither the media port nor a TURN server is"
            f" reached from there{_seen(evidence)}",
            "let the caller switch from Wi-Fi to mobile data or back, and open /check/ there",
        )
    if evidence.turn_servers == 0:
        return Cause(
            "no_turn",
            "ours",
            "Nothing reached the media port, and no TURN server is configured (ours)",
            "open VOICEDEMO_MEDIA_PORT for UDP and TCP, and configure TURN for strict networks",
        )
    return Cause(
        "network_blocks",
        "theirs",
        "No path came up between the caller and the media port",
        "let the caller open /check/ on that network, and run `manage.py doctor` here",
    )


def _seen(evidence: Evidence) -> str:
    failed = evidence.page_turn_failures
    return f" ({_urls(failed)})" if failed else ""


def _no_relay(evidence: Evidence) -> Cause:
    return Cause(
        "no_relay",
        "ours",
        f"The page's address asks for a relay ({evidence.way or 'ice='}), and no TURN server is"
        " configured for that",
        "give the caller an address without `ice=`, or configure TURN",
    )


# It was up.


def _lost(evidence: Evidence) -> Cause:
    if evidence.socket_is_lost:
        return Cause(
            "device_offline",
            "theirs",
            "The caller's device had no network for a minute: its socket went too",
            "let the caller check their connection and call again",
        )
    tried = f"after {_times(evidence.restarts, 'ICE restart')}"
    if evidence.bot_turn_failures and not evidence.relays:
        where = _urls(evidence.bot_turn_failures)
        return Cause(
            "path_lost_no_turn",
            "ours",
            f"The path was lost {tried}, and no TURN server answers (ours): {where}",
            "start the server or open its port, and run `manage.py doctor`",
        )
    return Cause(
        "path_lost",
        "theirs",
        f"The path was lost for a minute {tried}, while the page's socket worked",
        "look below for what it moved to: that network blocks calls",
    )


def _stopping(evidence: Evidence) -> Cause:
    states = evidence.of(CallEvent.Author.BOT, "state")
    if any(state.get("reason") == "server_stopping" for state in states):
        return Cause(
            "server_stopped",
            "ours",
            "The server was stopped with the call up",
            "upgrade with several workers to keep calls up (docs/reliability.md)",
        )
    return Cause(
        "worker_died",
        "ours",
        "The worker that had the call died, and no other one took it",
        "look into the server's log for why it died",
    )


def _ended_by_person(evidence: Evidence) -> Cause:
    who = "The caller hung up" if evidence.call.reason == "hangup" else "The page was closed"
    if not evidence.was_up:
        return Cause(
            "gave_up_waiting",
            "nobody",
            f"{who} before the call was up",
            "look below for what took so long",
        )
    if not evidence.restarts:
        return Cause("ended_well", "nobody", f"{who}")
    what = f"{who} after {_times(evidence.restarts, 'ICE restart')}"
    return Cause("ended_after_repairs", "nobody", what)


def _unknown(evidence: Evidence) -> Cause:
    reason = plain(evidence.call.reason) or "no reason"
    return Cause("unknown", "nobody", f"The call ended with {reason}", "read the timeline below")


DECISIONS: Final[dict[str, Callable[[Evidence], Cause]]] = {
    Reason.NETWORK_BLOCKED.code: _blocked,
    Reason.RELAY_DOWN.code: _dead_relay,
    Reason.CALL_LOST.code: _lost,
    Reason.NO_RELAY.code: _no_relay,
    Reason.SERVER_STOPPING.code: _stopping,
    Reason.HANGUP.code: _ended_by_person,
    Reason.PAGE_CLOSED.code: _ended_by_person,
}

KNOWN: Final[dict[str, Cause]] = {
    cause.code: cause
    for cause in (
        Cause(
            "server_unreachable",
            "ours",
            "The page had no answer to its offer within 15 s",
            "look into the server's log, and whether voicedemo_loop_lag_seconds was high",
        ),
        Cause(
            "bad_offer",
            "ours",
            "The bot cannot answer this browser's offer, or refused too many messages of the page",
            "read the browser and the error in the server's log, and report it",
        ),
        Cause(
            "internal",
            "ours",
            "A part of this software failed",
            "read the exception in the server's log under the call's id",
        ),
        Cause(
            "page_gone",
            "nobody",
            "The page disappeared: its socket and its media stopped together",
            "nothing, if the caller closed the browser; phones kill pages too",
        ),
        Cause("ended", "nobody", "The bot ended the call"),
        Cause(
            "time_limit",
            "nobody",
            "The call reached its time limit",
            "raise VOICEDEMO_MAX_CALL_S if that is too early",
        ),
        Cause("check", "nobody", "It was a call of a self-test, which has heard enough"),
        Cause(
            "mic_denied",
            "theirs",
            "The caller's browser refused the microphone",
            "let the caller allow it in the address bar or the settings",
        ),
        Cause(
            "mic_missing", "theirs", "The caller's device has no microphone", "let them use a phone"
        ),
        Cause(
            "mic_busy",
            "theirs",
            "Another program has the caller's microphone",
            "let the caller end other calls",
        ),
        Cause(
            "mic_timeout",
            "theirs",
            "The caller did not answer the browser's question about the microphone",
            "let the caller allow it",
        ),
        Cause(
            "insecure_origin",
            "ours",
            "The page came over plain HTTP, where browsers give no microphone",
            "put a proxy with a certificate in front (README)",
        ),
        Cause(
            "in_app_browser",
            "theirs",
            "An app's built-in browser cannot use the microphone",
            "let the caller open the link in Safari or Chrome",
        ),
        Cause(
            "no_webrtc",
            "theirs",
            "The caller's browser cannot make calls",
            "let the caller update it",
        ),
        Cause("offline", "theirs", "The caller's device was offline", "let the caller go online"),
        Cause("busy", "ours", "Every line was taken", "raise VOICEDEMO_MAX_CALLS"),
        Cause(
            "network_busy",
            "theirs",
            "Too many calls came from the caller's network",
            "let the caller use mobile data, or try again later",
        ),
        Cause(
            "ticket_invalid",
            "ours",
            "The server refused the page's ticket",
            "put the SECRET_KEY of before into SECRET_KEY_FALLBACKS",
        ),
        Cause(
            "new_call",
            "nobody",
            "The page gave this call up, and made another one",
            "look at the caller's next call",
        ),
    )
}


def _is_turn(failure: Mapping[str, Any]) -> bool:
    return plain(failure.get("url")).startswith(("turn:", "turns:"))


def _protocol(failure: Mapping[str, Any]) -> str:
    try:
        return parse(plain(failure.get("url"))).kind
    except ValueError:
        return ""


def _urls(failures: Sequence[Mapping[str, Any]]) -> str:
    """The servers that failed, and what each said; the first ones if there are many."""
    said = {plain(f.get("url")): plain(f.get("text")) for f in failures}
    listed = [f"{url} {text}".strip() for url, text in said.items()]
    more = f" and {len(listed) - MAX_URLS} more" if len(listed) > MAX_URLS else ""
    return ", ".join(listed[:MAX_URLS]) + more


def _number(value: object) -> int:
    """A whole number; 0 for anything else that a page may have sent."""
    return int(value) if isinstance(value, int | float) else 0


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _times(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'s' if count > 1 else ''}"
