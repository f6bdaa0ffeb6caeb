"""A steady tone: the simplest voice, and the greeting on machines without a speech engine."""

from functools import cache

import numpy as np

from ..media import opus
from .prompt import PromptVoice

FREQUENCY_HZ = 440
AMPLITUDE = 6000


@cache
def tone() -> tuple[bytes, ...]:
    """Return one second of the tone, as Opus packets of 20 ms each.

    A second holds a whole number of periods, so it can be repeated without a click.
    """
    seconds = np.arange(opus.SAMPLE_RATE) / opus.SAMPLE_RATE
    wave = AMPLITUDE * np.sin(2 * np.pi * FREQUENCY_HZ * seconds)
    # The encoder delays its input by a few milliseconds, so the first second begins with silence.
    packets = opus.encode(np.tile(wave, 3).astype(np.int16))
    return packets[50:100]


def tone_voice() -> PromptVoice:
    """Return a voice that plays the tone without a pause."""
    return PromptVoice(tone(), pause_frames=0)
