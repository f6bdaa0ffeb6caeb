from typing import Final, NamedTuple

FRAME_SAMPLES = 960
"""Samples of one 20 ms Opus frame at 48 kHz, the RTP clock of Opus (RFC 7587, 4.1)."""

FRAME_S = 0.02


def frames(seconds: float) -> int:
    """How many packets that is."""
    return round(seconds / FRAME_S)


LOST: Final = b""
"""Stands for a frame that was lost on its way here."""


class AudioPacket(NamedTuple):
    """One received Opus packet, still encoded."""

    payload: bytes
    sequence_number: int
    timestamp: int
    level: int | None
    """Loudness in dBov, -127 (silence) to 0, where the peer sends it (RFC 6464)."""
    marker: bool = False
    """It opens a talkspurt (RFC 7587, 4.2)."""
    ssrc: int = 0
