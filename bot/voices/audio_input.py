"""From packets to samples, for voices that listen."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from ..media.opus import SAMPLE_RATE, Decoder, Pcm
from ..media.packet import FRAME_SAMPLES, AudioPacket, frames
from ..media.resample import Resampler

LONGEST_GAP: Final = frames(0.5)
"""A longer hole is not filled in: the person was away, and time goes on from what comes next."""
FADE: Final = 0.6
"""Each frame that stands in for a lost one is so much quieter than the one before it."""


class Ears:
    """Decodes one stream of packets in their order.

    What is lost is concealed by the last frame, fading: RFC 6716's own concealment is not within
    reach of PyAV.

    :param sample_rate: of what comes out: 48000 or 16000 Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._decoder = Decoder()
        self._resampler = None if sample_rate == SAMPLE_RATE else _downwards(sample_rate)
        self._due: int | None = None
        self._last = np.zeros(FRAME_SAMPLES, np.int16)

    def hear(self, packet: AudioPacket) -> Iterator[Pcm]:
        """What can be heard now: nothing, or frames of 20 ms, one after the other."""
        for frame in self._frames(packet):
            if self._resampler is None:
                yield frame
            else:
                yield from self._resampler.resample(frame)

    def _frames(self, packet: AudioPacket) -> Iterator[Pcm]:
        for _ in range(self._lost_before(packet)):
            self._last = (self._last * FADE).astype(np.int16)
            yield self._last
        pcm = self._decoder.decode(packet.payload)
        self._due = (packet.timestamp + len(pcm)) & 0xFFFFFFFF
        for start in range(0, len(pcm), FRAME_SAMPLES):
            self._last = pcm[start : start + FRAME_SAMPLES]
            yield self._last

    def _lost_before(self, packet: AudioPacket) -> int:
        """Frames to stand in for."""
        if self._due is None:
            return 0
        missing = ((packet.timestamp - self._due) & 0xFFFFFFFF) // FRAME_SAMPLES
        return missing if missing <= LONGEST_GAP else 0


def _downwards(sample_rate: int) -> Resampler:
    return Resampler(SAMPLE_RATE, sample_rate, FRAME_SAMPLES * sample_rate // SAMPLE_RATE)
