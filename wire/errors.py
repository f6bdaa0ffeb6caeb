"""The error a message is answered with."""

from typing import Literal

ErrorCode = Literal[
    "bad_message",
    "too_large",
    "bad_offer",
    "unknown_generation",
    "no_call",
    "busy",
    "network_busy",
    "ticket_invalid",
    "ticket_expired",
    "ticket_used",
    "call_unknown",
    "heartbeat_lost",
    "server_stopping",
    "internal",
]


class ProtocolError(Exception):
    """A message does not belong to the protocol, or not at this moment.

    :param code: the stable :data:`ErrorCode` that the page acts on.
    :param message: one line for a developer.
    :param retryable: whether the same request may succeed later.
    """

    def __init__(self, code: ErrorCode, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.retryable = retryable
