"""How a worker's number is in what comes back to it: its ufrags and its STUN transactions.

Neither is a secret. What a packet proves, its MESSAGE-INTEGRITY does.
"""

import string
from typing import Final

from . import stun

_ALPHABET: Final = string.ascii_letters + string.digits + "+/"
"""The ice-chars (RFC 8839, 5.4)."""
_UFRAG_CHARACTERS: Final = 2
_TRANSACTION_BYTES: Final = 2
MAX_NUMBER: Final = len(_ALPHABET) ** _UFRAG_CHARACTERS - 1


def begin_ufrag(number: int) -> str:
    high, low = divmod(number, len(_ALPHABET))
    return _ALPHABET[high] + _ALPHABET[low]


def begin_transaction(number: int) -> bytes:
    return number.to_bytes(_TRANSACTION_BYTES)


def named_by(data: bytes) -> int | None:
    """The worker that a STUN message names; None if it cannot be one."""
    if not stun.is_request(data):
        return int.from_bytes(stun.transaction_id(data)[:_TRANSACTION_BYTES])
    beginning = stun.local_ufrag(data)[:_UFRAG_CHARACTERS]
    if len(beginning) < _UFRAG_CHARACTERS:
        return None
    high, low = map(_ALPHABET.find, beginning)
    return high * len(_ALPHABET) + low if high >= 0 and low >= 0 else None
