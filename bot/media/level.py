"""When is somebody speaking? From the loudness of each packet (RFC 6464), without decoding it."""

import math

import numpy as np

from .opus import Decoder, Pcm
from .packet import AudioPacket

SILENT_DBOV = -127

_NEVER_SPEECH_DBOV = -55
_ABOVE_FLOOR_DB = 8
_FLOOR_RISE_DB = 0.1
_FLOOR_MIN_DBOV = -75.0
_FLOOR_MAX_DBOV = -40.0


def dbov(pcm: Pcm) -> int:
    """RMS level of 16-bit samples in dBov, as RFC 6464 counts it."""
    if not len(pcm):
        return SILENT_DBOV
    rms = math.sqrt(float(np.mean(np.square(pcm, dtype=np.float64)))) / 32767
    return max(SILENT_DBOV, min(0, round(20 * math.log10(rms)))) if rms > 0 else SILENT_DBOV


class LevelMeter:
    """The level of each packet: the peer's word for it, or measured where it gives none."""

    def __init__(self) -> None:
        self._decoder: Decoder | None = None

    def level(self, packet: AudioPacket) -> int:
        if packet.level is not None:
            return packet.level
        if self._decoder is None:
            self._decoder = Decoder()
        return dbov(self._decoder.decode(packet.payload))


class SpeechDetector:
    """Speech is what stands clear of the noise floor, which is learnt from the quiet between.

    :meth:`is_speech` takes one level each 20 ms.
    """

    def __init__(self) -> None:
        self._floor = _FLOOR_MIN_DBOV

    def is_speech(self, level: int) -> bool:
        # Down at once, up slowly: the floor follows the pauses, not the words.
        self._floor = min(max(level, _FLOOR_MIN_DBOV), self._floor + _FLOOR_RISE_DB)
        self._floor = min(self._floor, _FLOOR_MAX_DBOV)
        return level > max(_NEVER_SPEECH_DBOV, self._floor + _ABOVE_FLOOR_DB)
