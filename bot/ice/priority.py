"""Candidate priorities that grow with every ICE generation."""

from typing import Final

MAX_GENERATION: Final = 500
"""Later generations share its priorities, or they would exceed those of a browser's relayed
candidates (docs/browsers.md#relay-priorities)."""


def outranking(priority: int, generation: int) -> int:
    """A priority above those of all earlier generations (RFC 8445, 5.1.2).

    It is also below every priority a browser uses, so it decides the priority of a pair (6.1.2.3).
    Without this, Chromium would not check a relay while the crippled direct path of the generation
    before still receives anything (docs/browsers.md#chromium-stops-checking). And of two pairs with
    equal priority, the one we nominate might be the one that Chromium has given up
    (docs/browsers.md#chromium-equal-pairs).

    :param priority: the candidate's priority within its generation (5.1.2.1). The type preference
        and the lower seven bits of the local preference count.
    """
    type_preference, local_preference = priority >> 24, priority >> 8 & 0x7F
    return min(generation, MAX_GENERATION) << 14 | type_preference << 7 | local_preference
