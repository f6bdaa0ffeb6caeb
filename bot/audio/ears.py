"""From packets as they arrive to samples in their order, for voices that listen."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from .opus import SAMPLE_RATE, Decoder, Pcm
from .packet import FRAME_SAMPLES, AudioPacket
from .resample import Resampler

LONGEST_GAP_FRAMES: Final = 25
"""A longer hole is not filled in: the person was away, and time goes on from what comes next."""
FADE: Final = 0.6
"""Each frame that stands in for a lost one is so much quieter than the one before it."""


class Ears:
    """Decodes one stream. Nothing waits longer than for one packet.

    A packet after a hole is kept until the next one, in case what is missing is only late (the
    usual reordering is by one). What is lost is concealed by the last frame, fading: RFC 6716's
    own concealment is not within reach of PyAV.

    :param sample_rate: of what comes out: 48000 or 16000 Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._decoder = Decoder()
        self._resampler = None if sample_rate == SAMPLE_RATE else _downwards(sample_rate)
        self._due: int | None = None
        self._held: AudioPacket | None = None
        self._last = np.zeros(FRAME_SAMPLES, np.int16)

    def hear(self, packet: AudioPacket) -> Iterator[Pcm]:
        """What can be heard now: nothing, or frames of 20 ms, one after the other."""
        for frame in self._in_order(packet):
            if self._resampler is None:
                yield frame
            else:
                yield from self._resampler.resample(frame)

    def _in_order(self, packet: AudioPacket) -> Iterator[Pcm]:
        ahead = self._frames_ahead(packet)
        if ahead < 0:
            return  # too late: something stood in for it
        held, self._held = self._held, None
        if ahead == 0:
            yield from self._decode(packet)
            if held is not None:
                yield from self._in_order(held)
        elif held is None and ahead == 1:
            self._held = packet
        else:
            for later in sorted(filter(None, (held, packet)), key=self._frames_ahead):
                yield from self._conceal(self._frames_ahead(later))
                yield from self._decode(later)

    def _frames_ahead(self, packet: AudioPacket) -> int:
        """Whole frames between what is due and this packet; negative where it is late."""
        if self._due is None:
            return 0
        ticks = (packet.timestamp - self._due) & 0xFFFFFFFF
        return (ticks - (1 << 32) if ticks >= 1 << 31 else ticks) // FRAME_SAMPLES

    def _decode(self, packet: AudioPacket) -> Iterator[Pcm]:
        if self._frames_ahead(packet) < 0:
            return  # there twice
        pcm = self._decoder.decode(packet.payload)
        self._due = (packet.timestamp + len(pcm)) & 0xFFFFFFFF
        for start in range(0, len(pcm), FRAME_SAMPLES):
            self._last = pcm[start : start + FRAME_SAMPLES]
            yield self._last

    def _conceal(self, frames: int) -> Iterator[Pcm]:
        if frames > LONGEST_GAP_FRAMES:
            return
        for _ in range(frames):
            self._last = (self._last * FADE).astype(np.int16)
            yield self._last


def _downwards(sample_rate: int) -> Resampler:
    return Resampler(SAMPLE_RATE, sample_rate, FRAME_SAMPLES * sample_rate // SAMPLE_RATE)
