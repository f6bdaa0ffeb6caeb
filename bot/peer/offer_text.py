"""Bounds the text of an offer, and keeps the lines that the bot reads.

aiortc's parser compares lines with each other, so its time grows with the square of their number.
It gets what this module leaves over, which is short whatever the offer was.
"""

from collections import Counter
from typing import Final

from wire.constants import MAX_SDP_CHARS

MAX_LINES: Final = 1000
"""A browser's offer of audio and data has about 50, and one of video 100 more."""
MAX_LINE_CHARS: Final = 1000
MAX_MEDIA_SECTIONS: Final = 16
MAX_CANDIDATES: Final = 32
"""Of a section. The offer is good without the rest."""

AUDIO_LEVEL_URI: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
MID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"

_SECURE: Final = {"ice-ufrag": 1, "ice-pwd": 1, "fingerprint": 8, "setup": 1}
_SESSION: Final = {"group": 4, "ice-lite": 1, **_SECURE}
_MEDIA: Final = {
    **_SECURE,
    "mid": 1,
    "rtcp-mux": 1,
    "rtpmap": 2,
    "extmap": 2,
    "ssrc": 1,
    "candidate": MAX_CANDIDATES,
    "end-of-candidates": 1,
    "sctp-port": 1,
    "max-message-size": 1,
}
_REFUSED: Final = {"mid": 1}
"""Of a section that is neither audio nor data, which is refused in its place."""
_LIMITS: Final = {"audio": _MEDIA, "application": _MEDIA}


class OfferError(ValueError):
    """The bot cannot answer this offer. The message is for a developer and quotes no SDP."""


def needed_lines(text: str) -> list[str]:
    """Return the lines of an offer that the bot reads: of each attribute, the first few.

    :raises OfferError: if the offer is longer than any browser's.
    """
    if len(text) > MAX_SDP_CHARS:
        raise OfferError(f"more than {MAX_SDP_CHARS} characters")
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise OfferError(f"more than {MAX_LINES} lines")
    if any(len(line) > MAX_LINE_CHARS for line in lines):
        raise OfferError(f"a line of more than {MAX_LINE_CHARS} characters")
    if sum(line.startswith("m=") for line in lines) > MAX_MEDIA_SECTIONS:
        raise OfferError(f"more than {MAX_MEDIA_SECTIONS} media sections")
    kept = []
    limits, seen = _SESSION, Counter[str]()
    for line in lines:
        if line.startswith("m="):
            limits, seen = _LIMITS.get(line[2:].split(" ")[0], _REFUSED), Counter()
            kept.append(line)
        elif line.startswith("a=") and _is_read(line, limits):
            name, _, _ = line[2:].partition(":")
            seen[name] += 1
            if seen[name] <= limits[name]:
                kept.append(line)
    return kept


def _is_read(line: str, limits: dict[str, int]) -> bool:
    """Whether the bot reads this attribute: of codecs Opus alone, of extensions those it knows."""
    name, _, value = line[2:].partition(":")
    if name in ("rtpmap", "extmap"):
        _, _, what = value.partition(" ")
        is_known = what.lower().startswith("opus/") or what in (AUDIO_LEVEL_URI, MID_URI)
        return is_known and name in limits
    return name in limits
