"""The few STUN messages an ICE agent needs (RFC 8489; RFC 8445, 7), with aioice's codec."""

import struct
from typing import Final

from aioice.stun import COOKIE, Class, Message, Method, parse_message

from .path import Address

HEADER_BYTES: Final = 20
_USERNAME: Final = 0x0006
_ATTRIBUTE = struct.Struct("!HH")
_COOKIE_BYTES = COOKIE.to_bytes(4, "big")

__all__ = ["Class", "Message", "Method"]


def parse(data: bytes) -> Message:
    """Parse a STUN message.

    :raises ValueError: if it is malformed, or aioice does not know its method.
    """
    try:
        return parse_message(data)
    except struct.error as exc:  # an attribute of the wrong length
        raise ValueError(str(exc)) from exc


def is_stun(data: bytes) -> bool:
    """Whether a datagram is STUN, by its first byte (RFC 7983, 7) and the magic cookie."""
    return len(data) >= HEADER_BYTES and data[0] < 4 and data[4:8] == _COOKIE_BYTES


def is_request(data: bytes) -> bool:
    """Whether a STUN message is a request (RFC 8489, 5)."""
    return not data[0] & 0x01 and not data[1] & 0x10


def transaction_id(data: bytes) -> bytes:
    return data[8:20]


def local_ufrag(data: bytes) -> str:
    """The receiver's ufrag from a request's USERNAME; nothing else is parsed."""
    position, end = HEADER_BYTES, len(data)
    while position + 4 <= end:
        kind, length = _ATTRIBUTE.unpack_from(data, position)
        position += 4
        if kind == _USERNAME:
            username = data[position : position + length]
            return username.partition(b":")[0].decode("ascii", "replace")
        position += length + (-length % 4)
    return ""


def binding_request(transaction: bytes | None = None) -> Message:
    """:param transaction: its id; None for a random one."""
    return Message(
        message_method=Method.BINDING, message_class=Class.REQUEST, transaction_id=transaction
    )


def binding_response(request: Message, remote: Address, pwd: bytes) -> bytes:
    response = Message(
        message_method=Method.BINDING,
        message_class=Class.RESPONSE,
        transaction_id=request.transaction_id,
    )
    response.attributes["XOR-MAPPED-ADDRESS"] = remote
    response.add_message_integrity(pwd)
    return bytes(response)
