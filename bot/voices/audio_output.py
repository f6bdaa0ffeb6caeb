"""From samples to packets, for voices that speak in samples."""

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from ..media import opus
from ..media.fade import fade_out
from ..media.opus import SAMPLE_RATE, Pcm
from ..media.packet import FRAME_SAMPLES
from ..media.resample import Resampler

FADE_SAMPLES: Final = SAMPLE_RATE // 100
"""10 ms. Speech that is cut off fades out over this, so that it ends without a click."""
LONGEST_S: Final = 300.0
"""So much may wait: 29 MB of samples. A bot that speaks faster than people listen fills the memory
that all calls share."""
MAX_PIECES: Final = 50_000
MAX_CAPTIONS: Final = 1_000
MAX_CAPTION_CHARS: Final = 2_000


class OutputFullError(Exception):
    """A bot has more to say than may wait."""


class AudioOutput:
    """The queue of samples that a bot says. A packet is sent from it every 20 ms.

    :param sample_rate: rate of the samples, in Hz: 48000, 24000, 16000 or 8000.
    :param on_caption: called with each caption when its samples begin to be sent, and with ``''``
        when the queue is empty.
    """

    def __init__(self, sample_rate: int, on_caption: Callable[[str], None]) -> None:
        self._on_caption = on_caption
        self._sample_rate = sample_rate
        self._captions: deque[tuple[int, str]] = deque()
        self._shown = ""
        self._samples_sent = 0
        self._resampler = (
            None if sample_rate == SAMPLE_RATE else Resampler(sample_rate, SAMPLE_RATE)
        )
        self._encoder = opus.Encoder()
        self._queue: deque[Pcm] = deque()
        self._samples_queued = 0

    @property
    def seconds_left(self) -> float:
        """How long it takes to send what is in the queue; 0 when the bot is silent."""
        return self._samples_queued / SAMPLE_RATE

    def say(self, pcm: Pcm, caption: str = "") -> None:
        """Add samples to the queue.

        :param pcm: 16-bit samples, one channel, of any length. They must not change afterwards.
        :param caption: what these samples say, as text. The page shows it while they are sent,
            until the next caption or until the queue is empty.
        :raises TypeError: ``pcm`` is not a one-dimensional array of int16.
        :raises OutputFullError: if more than ``LONGEST_S``, ``MAX_PIECES`` or ``MAX_CAPTIONS``
            would wait. Nothing is added then.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise TypeError(
                f"say() takes a one-dimensional array of int16 samples,"
                f" not {pcm.ndim} dimensions of {pcm.dtype}"
            )
        self._check_room(len(pcm) / self._sample_rate, caption)
        if caption:
            begins = self._samples_sent + self._samples_queued
            self._captions.append((begins, caption[:MAX_CAPTION_CHARS]))
        pcm = np.ascontiguousarray(pcm)  # PyAV takes no slices with a step
        for piece in (pcm,) if self._resampler is None else self._resampler.resample(pcm):
            if len(piece):
                self._queue.append(piece)
                self._samples_queued += len(piece)

    def _check_room(self, seconds: float, caption: str) -> None:
        total_s, captions = self.seconds_left + seconds, len(self._captions) + bool(caption)
        if total_s > LONGEST_S or len(self._queue) >= MAX_PIECES or captions > MAX_CAPTIONS:
            raise OutputFullError(
                f"{total_s:.0f} s in {len(self._queue) + 1} pieces with {captions} captions would "
                f"wait. At most {LONGEST_S:.0f} s, {MAX_PIECES} and {MAX_CAPTIONS} may: "
                f"seconds_left tells how much waits"
            )

    def clear(self) -> None:
        """Empty the queue and fall silent within 10 ms."""
        rest = self._take(min(self._samples_queued, FADE_SAMPLES))
        self._queue.clear()
        self._captions.clear()
        self._queue.append(fade_out(rest))
        self._samples_queued = len(rest)

    def next_frame(self) -> bytes | None:
        """Take the next 20 ms from the queue, as an Opus packet; None when it is empty."""
        if not self._samples_queued:
            self._show("")
            return None
        while self._captions and self._captions[0][0] <= self._samples_sent:
            self._show(self._captions.popleft()[1])
        pcm = self._take(min(self._samples_queued, FRAME_SAMPLES))
        return self._encoder.encode(np.pad(pcm, (0, FRAME_SAMPLES - len(pcm))))

    def _show(self, caption: str) -> None:
        if caption != self._shown:
            self._shown = caption
            self._on_caption(caption)

    def _take(self, count: int) -> Pcm:
        """Take samples from the queue.

        :param count: the number of samples; at most as many as are in the queue.
        """
        self._samples_queued -= count
        self._samples_sent += count
        taken = []
        while count:
            first = self._queue.popleft()
            if len(first) > count:
                self._queue.appendleft(first[count:])
                first = first[:count]
            taken.append(first)
            count -= len(first)
        return np.concatenate(taken) if taken else np.zeros(0, np.int16)
