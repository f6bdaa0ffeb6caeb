from dataclasses import dataclass

FRAME_SAMPLES = 960
"""Samples of one 20 ms Opus frame at 48 kHz, the RTP clock of Opus (RFC 7587, 4.1)."""

FRAME_S = 0.02


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """One received Opus packet, still encoded."""

    payload: bytes
    sequence_number: int
    timestamp: int
    level: int | None
    """Loudness in dBov, -127 (silence) to 0, where the peer sends it (RFC 6464)."""
