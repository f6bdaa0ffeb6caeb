"""Signed, short-lived admission: a page gets a ticket, a ticket admits one call."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

from wire.protocol import ProtocolError

MAX_AGE = timedelta(minutes=10)

_TICKET_SALT = "voicedemo.ticket"
_RESUME_SALT = "voicedemo.resume"


@dataclass(frozen=True)
class Ticket:
    """What a ticket says.

    :ivar call_id: the id its call will have.
    :ivar source: whence its holder came (:mod:`calls.labels`); '' where that is not known.
    :ivar fresh: whether it may still open that call.
    """

    call_id: uuid.UUID
    source: str
    fresh: bool


def issue(source: str = "") -> str:
    return signing.dumps([uuid.uuid4().hex, source], salt=_TICKET_SALT)


def read(ticket: str) -> Ticket:
    """Check a ticket's signature and age.

    :raises ProtocolError: ``ticket_invalid``. An old ticket is not an error here: its holder may
        still resume the call it opened.
    """
    try:
        call_id, source = signing.loads(ticket, salt=_TICKET_SALT)
        return Ticket(uuid.UUID(call_id), source, fresh=_is_fresh(ticket))
    except (signing.BadSignature, ValueError, TypeError):
        raise ProtocolError("ticket_invalid", "the ticket was not issued here") from None


def read_fresh(ticket: str) -> Ticket:
    """:raises ProtocolError: ``ticket_invalid`` or ``ticket_expired``."""
    found = read(ticket)
    if not found.fresh:
        raise expired()
    return found


def expired() -> ProtocolError:
    minutes = int(MAX_AGE.total_seconds() // 60)
    return ProtocolError("ticket_expired", f"tickets last {minutes} minutes", retryable=True)


def _is_fresh(ticket: str) -> bool:
    try:
        signing.loads(ticket, salt=_TICKET_SALT, max_age=MAX_AGE)
    except signing.SignatureExpired:
        return False
    return True


def token_for(call_id: uuid.UUID) -> str:
    """The secret with which a page's next socket claims this call (``resume``)."""
    return signing.Signer(salt=_RESUME_SALT).signature(call_id.hex)


def check_token(call_id: str, token: str) -> uuid.UUID:
    """:raises ProtocolError: ``call_unknown`` where the token does not belong to the call."""
    try:
        parsed = uuid.UUID(call_id)
        signing.Signer(salt=_RESUME_SALT).unsign(f"{parsed.hex}:{token}")
    except (ValueError, signing.BadSignature):
        raise ProtocolError("call_unknown", "no such call, or not yours") from None
    return parsed
