"""The recording that all callers repeat: 1.2 s that sound like a voice, and 1.8 s of silence."""

import numpy as np

from bot.media import opus
from bot.media.packet import FRAME_SAMPLES

VOICE_PACKETS = 60
PERIOD_PACKETS = 150


def wave() -> opus.Pcm:
    """Return harmonics that rise and fall in pitch and loudness, as syllables do."""
    t = np.arange(VOICE_PACKETS * FRAME_SAMPLES) / opus.SAMPLE_RATE
    pitch = 2 * np.pi * np.cumsum(120 + 40 * np.sin(2 * np.pi * 0.7 * t)) / opus.SAMPLE_RATE
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * t)
    voice = 3000 * syllables * sum(np.sin(k * pitch) / k for k in range(1, 12))
    silence = np.zeros((PERIOD_PACKETS - VOICE_PACKETS) * FRAME_SAMPLES)
    return np.concatenate([voice, silence]).astype(np.int16)


def packets() -> tuple[bytes, ...]:
    """Return the recording in Opus, encoded in mid-stream, so that it can be repeated."""
    return opus.encode(np.tile(wave(), 2))[PERIOD_PACKETS : 2 * PERIOD_PACKETS]


def likeness(heard: opus.Pcm) -> float:
    """Return how like the recording something sounds, 0 to 1.

    It is the mean, over all words, of the best normalised correlation.

    :param heard: a few periods, 48 kHz mono.
    """
    said = wave()[: VOICE_PACKETS * FRAME_SAMPLES].astype(np.float64)
    signal = heard.astype(np.float64)
    size = 1 << (len(signal) + len(said)).bit_length()
    spectrum = np.fft.rfft(signal, size) * np.conj(np.fft.rfft(said, size))
    products = np.fft.irfft(spectrum, size)[: len(signal) - len(said)]
    sums = np.concatenate([[0.0], np.cumsum(signal**2)])
    energies = sums[len(said) :][: len(products)] - sums[: len(products)]
    norms = np.sqrt(np.maximum(energies, 1.0) * np.sum(said**2))
    period = PERIOD_PACKETS * FRAME_SAMPLES
    whole = len(products) // period * period
    words = np.abs(products[:whole] / norms[:whole]).reshape(-1, period)
    return float(np.mean(np.max(words, axis=1))) if whole else 0.0
