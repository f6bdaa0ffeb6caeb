from functools import cache

import numpy as np

from ..media import opus
from .prompt import PromptVoice

FREQUENCY_HZ = 440
AMPLITUDE = 6000


@cache
def tone() -> tuple[bytes, ...]:
    """One second of the tone; a whole number of periods, so it can be repeated without a click."""
    seconds = np.arange(opus.SAMPLE_RATE) / opus.SAMPLE_RATE
    wave = AMPLITUDE * np.sin(2 * np.pi * FREQUENCY_HZ * seconds)
    # The encoder delays by a few milliseconds: take the second of three seconds.
    packets = opus.encode(np.tile(wave, 3).astype(np.int16))
    return packets[50:100]


def tone_voice() -> PromptVoice:
    return PromptVoice(tone(), pause_frames=0)
