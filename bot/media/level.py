"""How loud each packet is, and whether it is speech.

Most peers send the level with the packet (RFC 6464), so nothing has to be decoded.
"""

import math

import numpy as np

from .opus import Decoder, Pcm
from .packet import AudioPacket

SILENT_DBOV = -127
"""The level of digital silence, and the lowest there is."""

_NEVER_SPEECH_DBOV = -55
_ABOVE_FLOOR_DB = 8
_FLOOR_RISE_DB = 0.1
_FLOOR_MIN_DBOV = -75.0
_FLOOR_MAX_DBOV = -40.0


def dbov(pcm: Pcm) -> int:
    """Return the RMS level of samples in dBov, from -127 to 0, as RFC 6464 defines it."""
    if not len(pcm):
        return SILENT_DBOV
    rms = math.sqrt(float(np.mean(np.square(pcm, dtype=np.float64)))) / 32767
    return max(SILENT_DBOV, min(0, round(20 * math.log10(rms)))) if rms > 0 else SILENT_DBOV


class LevelMeter:
    """Tells the level of each packet: as the peer sends it, or else measured by decoding."""

    def __init__(self) -> None:
        self._decoder: Decoder | None = None

    def level(self, packet: AudioPacket) -> int:
        """Return the level in dBov.

        :raises av.FFmpegError: the packet brings no level, and its payload is not Opus.
        """
        if packet.level is not None:
            return packet.level
        if self._decoder is None:
            self._decoder = Decoder()
        return dbov(self._decoder.decode(packet.payload))


class SpeechDetector:
    """Tells speech from noise. Speech is clearly louder than the noise floor.

    The noise floor is learnt from the pauses between words.
    """

    def __init__(self) -> None:
        self._floor = _FLOOR_MIN_DBOV

    def is_speech(self, level: int) -> bool:
        """Whether the next 20 ms are speech.

        :param level: their level, in dBov.
        """
        # The floor falls at once and rises slowly, so that it follows the pauses, not the words.
        self._floor = min(max(level, _FLOOR_MIN_DBOV), self._floor + _FLOOR_RISE_DB)
        self._floor = min(self._floor, _FLOOR_MAX_DBOV)
        return level > max(_NEVER_SPEECH_DBOV, self._floor + _ABOVE_FLOOR_DB)
