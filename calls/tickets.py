"""Signed, short-lived admission: a page gets a ticket, and a ticket admits one call."""

import secrets
import uuid
from dataclasses import dataclass

from django.core import signing

from wire.constants import TICKET_LIFE_S
from wire.errors import ProtocolError

_TICKET_SALT = "voicedemo.ticket"
_RESUME_SALT = "voicedemo.resume"


@dataclass(frozen=True)
class Ticket:
    """The content of a ticket.

    :ivar call_id: the id that its call will have.
    :ivar label: the label of the link its holder came by (:mod:`calls.labels`); empty without one.
    :ivar is_fresh: whether it may still open that call.
    """

    call_id: uuid.UUID
    label: str
    is_fresh: bool


def issue(label: str = "") -> str:
    return signing.dumps([uuid.uuid4().hex, label], salt=_TICKET_SALT)


def read(ticket: str) -> Ticket:
    """Check a ticket's signature and read it. An old ticket is no error here, because its holder
    may still resume the call that it opened.

    :raises ProtocolError: ``ticket_invalid``.
    """
    try:
        call_id, label = signing.loads(ticket, salt=_TICKET_SALT)
        return Ticket(uuid.UUID(call_id), label, is_fresh=_is_fresh(ticket))
    except (signing.BadSignature, ValueError, TypeError):
        raise ProtocolError("ticket_invalid", "the ticket was not issued here") from None


def read_fresh(ticket: str) -> Ticket:
    """:raises ProtocolError: ``ticket_invalid`` or ``ticket_expired``."""
    found = read(ticket)
    if not found.is_fresh:
        raise expired()
    return found


def expired() -> ProtocolError:
    minutes = TICKET_LIFE_S // 60
    return ProtocolError("ticket_expired", f"tickets last {minutes} minutes", retryable=True)


def _is_fresh(ticket: str) -> bool:
    try:
        signing.loads(ticket, salt=_TICKET_SALT, max_age=TICKET_LIFE_S)
    except signing.SignatureExpired:
        return False
    return True


def new_nonce() -> str:
    """What tells the sockets of one ticket apart."""
    return secrets.token_urlsafe(16)


def token_for(call_id: uuid.UUID, nonce: str) -> str:
    """The secret with which a page's next socket takes over this call (``resume``).

    :param nonce: of the socket that gets the token. Its call has the nonce of the socket that
        opened it, so whoever else has the ticket gets a token that opens nothing.
    """
    return f"{nonce}.{signing.Signer(salt=_RESUME_SALT).signature(call_id.hex + nonce)}"


def check_token(call_id: str, token: str) -> tuple[uuid.UUID, str]:
    """Return the call's id and the token's nonce, if the token was issued for that call.

    :raises ProtocolError: ``call_unknown`` if it was not.
    """
    nonce, _, signature = token.partition(".")
    try:
        parsed = uuid.UUID(call_id)
        signing.Signer(salt=_RESUME_SALT).unsign(f"{parsed.hex}{nonce}:{signature}")
    except (ValueError, signing.BadSignature):
        raise not_yours() from None
    return parsed, nonce


def not_yours() -> ProtocolError:
    return ProtocolError("call_unknown", "no such call, or not yours")
