"""Why a call fails, waits or ends: every reason, with what is said about it.

A reason's code is stable: the page puts it into ``document.body.dataset.reason``, the call's row
keeps it, and ``docs/networks.md`` lists it. ``manage.py contract`` writes the page's copy.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

PageState = Literal["idle", "recovering", "failed", "ended"]
"""The page's state (``document.body.dataset.state``) while a reason is shown."""


@dataclass(frozen=True)
class Explanation:
    """The texts about a reason.

    :param code: stable name.
    :param state: the page's state that it goes with.
    :param sentence: what happened, for the person.
    :param next_step: what they can do; empty if no page is left to show it.
    :param developer: what happened, in one line for a developer.
    :param retryable: whether "Try again" makes sense.
    """

    code: str
    state: PageState
    sentence: str
    next_step: str
    developer: str
    retryable: bool = True


class Reason(Enum):
    """Every reason. The ones without a next step are only in a call's row: its page has gone."""

    MIC_DENIED = Explanation(
        "mic_denied",
        "failed",
        sentence="The microphone is switched off for this page.",
        next_step="Allow it in your browser’s address bar or settings, then try again.",
        developer="getUserMedia: NotAllowedError",
    )
    MIC_MISSING = Explanation(
        "mic_missing",
        "failed",
        sentence="No microphone was found.",
        next_step="Plug one in or use a phone, then try again.",
        developer="getUserMedia: NotFoundError",
    )
    MIC_BUSY = Explanation(
        "mic_busy",
        "failed",
        sentence="Another app is using your microphone.",
        next_step="End other calls or recordings, then try again.",
        developer="getUserMedia: NotReadableError or AbortError",
    )
    MIC_TIMEOUT = Explanation(
        "mic_timeout",
        "failed",
        sentence="Your browser is still waiting for permission.",
        next_step="Allow the microphone when it asks, then try again.",
        developer="getUserMedia did not settle",
    )
    INSECURE_ORIGIN = Explanation(
        "insecure_origin",
        "failed",
        sentence="Browsers only allow calls on secure pages.",
        next_step="Open this page with an address that begins with https://",
        developer="no mediaDevices: not a secure context",
        retryable=False,
    )
    IN_APP_BROWSER = Explanation(
        "in_app_browser",
        "failed",
        sentence="This app’s built-in browser cannot use your microphone.",
        next_step="Copy the link and open it in Safari or Chrome.",
        developer="in-app browser without a usable getUserMedia",
        retryable=False,
    )
    NO_WEBRTC = Explanation(
        "no_webrtc",
        "failed",
        sentence="This browser cannot make calls.",
        next_step="Open this page in an up-to-date Chrome, Safari, Firefox or Edge.",
        developer="no RTCPeerConnection",
        retryable=False,
    )
    SERVER_UNREACHABLE = Explanation(
        "server_unreachable",
        "failed",
        sentence="We cannot reach the service right now.",
        next_step="Check your connection, then try again.",
        developer="no WebSocket to the server",
    )
    NETWORK_BLOCKED = Explanation(
        "network_blocked",
        "failed",
        sentence="This network blocks calls.",
        next_step="Switch from Wi-Fi to mobile data or back, then try again.",
        developer="ICE or DTLS did not connect in time",
    )
    NO_RELAY = Explanation(
        "no_relay",
        "failed",
        sentence="This address asks for a relay, and there is none.",
        next_step="Open the page without “ice=” in its address.",
        developer="no TURN server for the way that ?ice= asks for; see docs/settings.md",
        retryable=False,
    )
    RELAY_DOWN = Explanation(
        "relay_down",
        "failed",
        sentence="The relay does not answer.",
        next_step="Try again later, or on another network.",
        developer="no TURN server answers the bot or the page: run manage.py doctor",
    )
    OFFLINE = Explanation(
        "offline",
        "failed",
        sentence="You are offline.",
        next_step="Turn on Wi-Fi or mobile data, then try again.",
        developer="navigator.onLine is false",
    )
    CALL_LOST = Explanation(
        "call_lost",
        "failed",
        sentence="The connection was lost.",
        next_step="Check your connection, then call again.",
        developer="no path for the whole grace period, or the bot no longer knows the call",
    )
    BUSY = Explanation(
        "busy",
        "failed",
        sentence="All lines are busy.",
        next_step="Try again in a moment.",
        developer="admission limit reached (VOICEDEMO_MAX_CALLS)",
    )
    NETWORK_BUSY = Explanation(
        "network_busy",
        "failed",
        sentence="Too many calls come from this network.",
        next_step="Switch to mobile data, or try again in a moment.",
        developer="all lines that one network may have are taken (signaling/admission.py)",
    )
    TICKET_INVALID = Explanation(
        "ticket_invalid",
        "failed",
        sentence="This page is out of date.",
        next_step="Reload it, then try again.",
        developer="the ticket was refused; after a change of SECRET_KEY, or from another origin",
    )
    BAD_OFFER = Explanation(
        "bad_offer",
        "failed",
        sentence="This browser and our service do not understand each other.",
        next_step="Update your browser or use another one.",
        developer="the bot refused the offer",
    )
    SERVER_STOPPING = Explanation(
        "server_stopping",
        "failed",
        sentence="The service is restarting.",
        next_step="Try again in a few seconds.",
        developer="the server is shutting down",
    )
    INTERNAL = Explanation(
        "internal",
        "failed",
        sentence="Something went wrong on our side.",
        next_step="Try again; if it happens again, tell us.",
        developer="an unexpected fault; see the console and the server log",
    )
    HANGUP = Explanation(
        "hangup",
        "ended",
        sentence="Call ended.",
        next_step="Tap to talk again.",
        developer="the person hung up",
    )
    ENDED = Explanation(
        "ended",
        "ended",
        sentence="Call ended.",
        next_step="Tap to talk again.",
        developer="the bot hung up",
    )
    TIME_LIMIT = Explanation(
        "time_limit",
        "ended",
        sentence="This call reached its time limit.",
        next_step="Tap to talk again.",
        developer="VOICEDEMO_MAX_CALL_S reached",
    )
    REJOIN = Explanation(
        "rejoin",
        "idle",
        sentence="Your call is still open.",
        next_step="Tap to go back to it.",
        developer="the page was reloaded during a call; the server keeps it for 60 s",
        retryable=False,
    )
    PATH_SILENT = Explanation(
        "path_silent",
        "recovering",
        sentence="Reconnecting…",
        next_step="Stay on this page; the call goes on by itself.",
        developer="no packets for 400 ms, on the page or at the bot: restarting ICE",
        retryable=False,
    )
    PATH_LOST = Explanation(
        "path_lost",
        "recovering",
        sentence="Reconnecting…",
        next_step="Stay on this page; the call goes on by itself.",
        developer="ICE disconnected or failed: restarting ICE",
        retryable=False,
    )
    NEW_CALL = Explanation(
        "new_call",
        "recovering",
        sentence="Reconnecting…",
        next_step="Stay on this page; we are calling again.",
        developer="the call could not be saved: another one on the same microphone",
        retryable=False,
    )
    PAGE_CLOSED = Explanation(
        "page_closed",
        "ended",
        sentence="The page was closed.",
        next_step="",
        developer="the page said bye as it was closed, or closed its peer connection",
    )
    PAGE_GONE = Explanation(
        "page_gone",
        "ended",
        sentence="The page disappeared.",
        next_step="",
        developer="the socket and the media stopped together: the tab was killed",
    )
    CHECK = Explanation(
        "check",
        "ended",
        sentence="The self-test was complete.",
        next_step="",
        developer="a call of a self-test, which has heard enough",
    )

    @property
    def code(self) -> str:
        return self.value.code

    @property
    def is_shown(self) -> bool:
        """Whether a page shows it."""
        return bool(self.value.next_step)
