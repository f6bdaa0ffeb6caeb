"""From samples to packets, for voices that speak."""

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from ..media import opus
from ..media.opus import SAMPLE_RATE, Pcm
from ..media.packet import FRAME_SAMPLES
from ..media.resample import Resampler

FADE_SAMPLES: Final = SAMPLE_RATE // 100
"""10 ms: what is cut off ends without a click."""


class Mouth:
    """What a bot says, kept until it is its turn: one packet every 20 ms.

    :param sample_rate: of what goes in: 48000 or 16000 Hz.
    :param on_caption: told what it begins to say, in words; '' when it is silent.
    """

    def __init__(self, sample_rate: int, on_caption: Callable[[str], None]) -> None:
        self._on_caption = on_caption
        self._captions: deque[tuple[int, str]] = deque()
        self._shown = ""
        self._said = 0
        is_ours = sample_rate == SAMPLE_RATE
        self._resampler = None if is_ours else Resampler(sample_rate, SAMPLE_RATE)
        self._encoder = opus.Encoder()
        self._waiting: deque[Pcm] = deque()
        self._samples = 0

    @property
    def seconds_left(self) -> float:
        """How long it will take to say what is waiting; 0 when it is silent."""
        return self._samples / SAMPLE_RATE

    def say(self, pcm: Pcm, caption: str = "") -> None:
        """Say this after everything before it: mono, 16-bit, of any length.

        :param caption: it in words, for those who read along.
        """
        if caption:
            self._captions.append((self._said + self._samples, caption))
        for piece in (pcm,) if self._resampler is None else self._resampler.resample(pcm):
            self._waiting.append(piece)
            self._samples += len(piece)

    def hush(self) -> None:
        """Be silent within 10 ms, and forget the rest."""
        rest = self._next_samples(min(self._samples, FADE_SAMPLES))
        self._waiting.clear()
        self._captions.clear()
        fade = np.linspace(1, 0, len(rest), endpoint=False)
        self._waiting.append((rest * fade).astype(np.int16))
        self._samples = len(rest)

    def next_frame(self) -> bytes | None:
        """The next 20 ms as a packet; None where there is nothing to say."""
        if not self._samples:
            self._caption("")
            return None
        while self._captions and self._captions[0][0] <= self._said:
            self._caption(self._captions.popleft()[1])
        pcm = self._next_samples(min(self._samples, FRAME_SAMPLES))
        return self._encoder.encode(np.pad(pcm, (0, FRAME_SAMPLES - len(pcm))))

    def _caption(self, text: str) -> None:
        if text != self._shown:
            self._shown = text
            self._on_caption(text)

    def _next_samples(self, count: int) -> Pcm:
        self._samples -= count
        self._said += count
        taken = []
        while count:
            first = self._waiting.popleft()
            if len(first) > count:
                self._waiting.appendleft(first[count:])
                first = first[:count]
            taken.append(first)
            count -= len(first)
        return np.concatenate(taken) if taken else np.zeros(0, np.int16)
