"""Synthesised speech: its loudness, and that it does not click."""

import numpy as np
import pytest

from bot.media import opus
from bot.media.loudness import TARGET_LUFS, lufs
from bot.speech.synthesize import synthesize

pytestmark = pytest.mark.unit

CLIPPED = 32000


@pytest.mark.parametrize("text", ["Hello! Say something, and I will repeat it.", "Yes."])
def test_speech_is_as_loud_as_it_should_be_and_does_not_clip(text: str) -> None:
    heard = opus.decode(synthesize(text))
    assert lufs(heard) == pytest.approx(TARGET_LUFS, abs=0.7)
    assert np.abs(heard.astype(int)).max() < CLIPPED


def test_speech_begins_and_ends_in_silence() -> None:
    heard = opus.decode(synthesize("Yes."))
    edge = opus.SAMPLE_RATE // 500
    assert max(np.abs(heard[:edge]).max(), np.abs(heard[-edge:]).max()) < 100


def test_loudness_is_measured_as_the_standard_says() -> None:
    """EBU Tech 3341, 1: a stereo sine of 1 kHz at -23 dBFS has -23 LUFS; one channel has -26."""
    at = np.arange(20 * opus.SAMPLE_RATE) / opus.SAMPLE_RATE
    sine = 32767 * 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * at)
    assert lufs(sine.astype(np.int16)) == pytest.approx(-26.0, abs=0.1)


def test_silence_has_no_loudness() -> None:
    assert lufs(np.zeros(100, np.int16)) == -70
