from collections.abc import Iterator

import av
import numpy as np

from .opus import Pcm, audio_frame


class Resampler:
    """One stream of samples at another rate.

    :param frame_samples: of each piece that comes out; 0: as they come.
    """

    def __init__(self, source: int, target: int, frame_samples: int = 0) -> None:
        self._source = source
        self._resampler = av.AudioResampler(
            format="s16", layout="mono", rate=target, frame_size=frame_samples or None
        )

    def resample(self, pcm: Pcm) -> Iterator[Pcm]:
        for frame in self._resampler.resample(audio_frame(pcm, self._source)):
            yield frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
