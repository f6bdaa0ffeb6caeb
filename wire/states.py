"""The states of a call and the transitions between them, as pure functions.

Only the page knows ``idle`` and ``asking-mic``: for the server a call begins with its offer.
"""

from enum import StrEnum
from typing import Final


class CallState(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECOVERING = "recovering"
    ENDED = "ended"
    FAILED = "failed"


class CallSignal(StrEnum):
    """Events that may move a call to another state."""

    PATH_UP = "path-up"
    PATH_DOWN = "path-down"
    HANGUP = "hangup"
    FAIL = "fail"


LIVE: Final = frozenset({CallState.CONNECTING, CallState.CONNECTED, CallState.RECOVERING})

_TRANSITIONS: Final[dict[tuple[CallState, CallSignal], CallState]] = {
    (CallState.CONNECTING, CallSignal.PATH_UP): CallState.CONNECTED,
    (CallState.CONNECTED, CallSignal.PATH_DOWN): CallState.RECOVERING,
    (CallState.RECOVERING, CallSignal.PATH_UP): CallState.CONNECTED,
    **{(state, CallSignal.HANGUP): CallState.ENDED for state in LIVE},
    **{(state, CallSignal.FAIL): CallState.FAILED for state in LIVE},
}


def advance(state: CallState, signal: CallSignal) -> CallState:
    """The state after ``signal``; the same state if the signal means nothing there."""
    return _TRANSITIONS.get((state, signal), state)
