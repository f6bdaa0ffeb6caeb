"""From packets to samples, for voices that listen to samples."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from ..media.opus import SAMPLE_RATE, Decoder, Pcm
from ..media.packet import FRAME_SAMPLES, AudioPacket, frames
from ..media.resample import Resampler

LONGEST_GAP: Final = frames(0.5)
"""A longer gap is skipped instead of being filled: the person's path was down."""
CONCEALMENT_GAIN: Final = 0.6
"""Each frame that replaces a lost one is the frame before it, at this share of its amplitude."""


class AudioInput:
    """Decodes what the person says into frames of samples.

    A lost frame is replaced by the frame before it, more quietly each time. PyAV offers no way to
    reach the concealment of the Opus decoder itself (RFC 6716, 4.4).

    :param sample_rate: rate of the frames, in Hz: 48000, 24000, 16000 or 8000.
    """

    def __init__(self, sample_rate: int) -> None:
        self._decoder = Decoder()
        self._resampler = None if sample_rate == SAMPLE_RATE else _downsampler(sample_rate)
        self._due: int | None = None
        self._last = np.zeros(FRAME_SAMPLES, np.int16)

    def decode(self, packet: AudioPacket) -> Iterator[Pcm]:
        """Yield the frames of 20 ms that are complete now; none while the resampler fills.

        :param packet: the next one; packets must come in order.
        :raises av.FFmpegError: the payload is not Opus.
        """
        for frame in self._frames(packet):
            if self._resampler is None:
                yield frame
            else:
                yield from self._resampler.resample(frame)

    def _frames(self, packet: AudioPacket) -> Iterator[Pcm]:
        for _ in range(self._lost_before(packet)):
            self._last = (self._last * CONCEALMENT_GAIN).astype(np.int16)
            yield self._last
        pcm = self._decoder.decode(packet.payload)
        self._due = (packet.timestamp + len(pcm)) & 0xFFFFFFFF
        for start in range(0, len(pcm), FRAME_SAMPLES):
            self._last = pcm[start : start + FRAME_SAMPLES]
            yield self._last

    def _lost_before(self, packet: AudioPacket) -> int:
        """How many frames to replace before this packet."""
        if self._due is None:
            return 0
        missing = ((packet.timestamp - self._due) & 0xFFFFFFFF) // FRAME_SAMPLES
        return missing if missing <= LONGEST_GAP else 0


def _downsampler(sample_rate: int) -> Resampler:
    return Resampler(SAMPLE_RATE, sample_rate, FRAME_SAMPLES * sample_rate // SAMPLE_RATE)
