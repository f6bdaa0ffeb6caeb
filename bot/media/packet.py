"""The unit of audio in a call: one Opus packet of 20 ms."""

from typing import Final, NamedTuple

FRAME_SAMPLES = 960
"""Samples in 20 ms at 48 kHz, which is the RTP clock rate of Opus (RFC 7587, 4.1)."""

FRAME_S = 0.02


def frames(seconds: float) -> int:
    """Return how many frames of 20 ms this is."""
    return round(seconds / FRAME_S)


LOST: Final = b""
"""Stands for a frame that was lost on its way to the bot."""


class AudioPacket(NamedTuple):
    """One received Opus packet, still encoded."""

    payload: bytes
    sequence_number: int
    timestamp: int
    level: int | None
    """Level in dBov, from -127 (silence) to 0; None if the peer does not send it (RFC 6464)."""
    marker: bool = False
    """Whether it begins a talkspurt (RFC 7587, 4.2)."""
    ssrc: int = 0
