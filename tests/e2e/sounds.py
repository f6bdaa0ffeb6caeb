"""Make recordings for the microphone, and examine what comes back."""

import hashlib
import wave
from pathlib import Path

import numpy as np
from pocketsphinx import Decoder

from bot.media import ogg, opus
from bot.speech.synthesize import synthesize
from tests import shared

RATE = opus.SAMPLE_RATE

Sound = np.ndarray[tuple[int], np.dtype[np.float64]]


def spoken(text: str) -> Sound:
    """Return ``text`` as speech, synthesised once in a run."""
    name = f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.ogg"
    path = shared.once(name, lambda path: ogg.write(path, synthesize(text)))
    return opus.decode(ogg.read(path)).astype(np.float64)


def with_pause(sound: Sound, before_s: float, after_s: float) -> Sound:
    return np.pad(sound, (round(before_s * RATE), round(after_s * RATE)))


def write_wav(path: Path, sound: Sound) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())


def words(sound: Sound) -> set[str]:
    """Return the words that a speech recogniser hears."""
    at = np.arange(0, len(sound), RATE / 16000)
    narrow = np.interp(at, np.arange(len(sound)), sound)
    narrow *= 20000 / max(1.0, float(np.abs(narrow).max()))
    decoder = Decoder(samprate=16000, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(narrow.astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return set(hypothesis.hypstr.split()) if hypothesis else set()


def envelope(sound: Sound) -> Sound:
    """Return the loudness in steps of 10 ms.

    It survives codecs, resampling and noise suppression.
    """
    step = RATE // 100
    whole = sound[: len(sound) // step * step].reshape(-1, step)
    return np.sqrt(np.mean(whole**2, axis=1))


def likeness(said: Sound, heard: Sound) -> float:
    """Return the best correlation, up to 1, of the loudness of ``said`` and a part of ``heard``."""
    pattern, track = envelope(said), envelope(heard)
    pattern = (pattern - pattern.mean()) / pattern.std()
    best = 0.0
    for start in range(len(track) - len(pattern)):
        window = track[start : start + len(pattern)]
        if window.std() > 0:
            best = max(best, float(np.mean(pattern * (window - window.mean()) / window.std())))
    return best


def pitch(sound: Sound) -> int:
    """Return the strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return round(float(np.argmax(spectrum)) * RATE / len(sound))
