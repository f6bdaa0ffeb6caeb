"""STUN and TURN servers that fail, as the call's timeline tells it."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aioice.stun import TransactionError

NO_ANSWER: Final = 701
"""The code that browsers give to a server that does not answer (W3C WebRTC, 4.8.1.4)."""
MAX_CHARS: Final = 200


@dataclass(frozen=True)
class ServerFailure:
    """A server that gave no candidate.

    :param url: the server's.
    :param code: the STUN error code (RFC 8489, 14.8), or 701 without an answer.
    :param text: what the server or the operating system says.
    """

    url: str
    code: int
    text: str


Failed = Callable[[ServerFailure], None]


def failure_of(url: str, fault: Exception) -> ServerFailure:
    """Describe what asking a server raised."""
    if isinstance(fault, TransactionError) and fault.response is not None:
        code, text = fault.response.attributes.get("ERROR-CODE", (NO_ANSWER, "no error code"))
        return ServerFailure(url, code, text[:MAX_CHARS])
    return ServerFailure(url, NO_ANSWER, _text(fault)[:MAX_CHARS])


def _text(fault: Exception) -> str:
    match fault:
        case TimeoutError() | TransactionError():
            return "no answer"
        case ConnectionRefusedError():
            return "connection refused"
        case ssl.SSLCertVerificationError():
            return f"certificate: {fault.verify_message}"
    return str(fault) or type(fault).__name__
