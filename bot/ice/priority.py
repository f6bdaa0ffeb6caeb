"""Candidate priorities that grow with every ICE generation."""

from typing import Final

MAX_GENERATION: Final = 500
"""Later generations share its priorities, or they would exceed those of a browser's relayed
candidates."""


def outranking(priority: int, generation: int) -> int:
    """A priority above those of all earlier generations (RFC 8445, 5.1.2).

    It is also below every priority a browser uses, so it decides the priority of a pair (6.1.2.3).
    While its selected pair receives anything at all, Chromium does not check pairs of the same
    network with a lower or an equal priority. Without this, a relay could not take over from a
    crippled direct path of the generation before. And of two pairs with equal priority, the one we
    nominate might be the one Chromium has given up.

    :param priority: of the candidate within its own generation (5.1.2.1). The type preference and
        the lower seven bits of the local preference count.
    """
    type_preference, local_preference = priority >> 24, priority >> 8 & 0x7F
    return min(generation, MAX_GENERATION) << 14 | type_preference << 7 | local_preference
