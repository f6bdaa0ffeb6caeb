"""Candidate priorities that say which ICE generation a candidate is of."""

from typing import Final

MAX_GENERATION: Final = 500
"""Priorities of later ones would come over those of a browser's relayed candidates."""


def outranking(priority: int, generation: int) -> int:
    """A candidate's priority that is over those of all generations before (RFC 8445, 5.1.2).

    It is also under any that a browser gives, so it decides the priority of a pair (6.1.2.3).
    Chromium stops checking the lower and equal pairs of a network while the selected one receives
    anything at all: a relay could not take over from a crippled direct path of the generation
    before, and of two equal pairs the one that we nominate might be the one it has given up.

    :param priority: its rank among the candidates of its own generation (5.1.2.1), told apart by
        the type preference and the lower seven bits of the local preference.
    """
    type_preference, local_preference = priority >> 24, priority >> 8 & 0x7F
    return min(generation, MAX_GENERATION) << 14 | type_preference << 7 | local_preference
