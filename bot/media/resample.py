"""Changes the sample rate of a stream."""

from collections.abc import Iterator

import av
import numpy as np

from .opus import Pcm, audio_frame


class Resampler:
    """Converts one stream of samples to another rate, piece by piece.

    :param source: rate of the input, in Hz.
    :param target: rate of the output, in Hz.
    :param frame_samples: length of each output piece; 0 for pieces of any length.
    """

    def __init__(self, source: int, target: int, frame_samples: int = 0) -> None:
        self._source = source
        self._resampler = av.AudioResampler(
            format="s16", layout="mono", rate=target, frame_size=frame_samples or None
        )

    def resample(self, pcm: Pcm) -> Iterator[Pcm]:
        """Yield the pieces that are complete now; none if more input is needed."""
        for frame in self._resampler.resample(audio_frame(pcm, self._source)):
            yield frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
