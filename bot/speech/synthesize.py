"""``python -m bot.speech.synthesize OUT.ogg < text``: speak a text into a file, offline.

A process of its own: the model and its runtime take some 180 MB, which the bot need not carry.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from ..media import loudness, ogg, opus

FADE_SAMPLES = opus.SAMPLE_RATE // 100


class NoSpeechError(RuntimeError):
    """No speech engine works on this machine."""


def synthesize(text: str) -> tuple[bytes, ...]:
    """Opus packets of 20 ms of ``text``, spoken.

    :raises NoSpeechError: where neither the packaged voice nor flite is there.
    """
    try:
        pcm = _hibari(text)
    except ImportError:
        pcm = _flite(text)
    return opus.encode(_faded(loudness.level(pcm)))


def _hibari(text: str) -> opus.Pcm:
    from hibari import Hibari

    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        Hibari().save(text, wav.name)
        return _read_wav(wav.name)


def _flite(text: str) -> opus.Pcm:
    """For platforms without onnxruntime."""
    program = shutil.which("flite")
    if program is None:
        raise NoSpeechError("hibari-tts cannot be imported, and there is no flite either")
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        subprocess.run([program, "-t", text, "-o", wav.name], check=True)
        return _read_wav(wav.name)


def _read_wav(path: str) -> opus.Pcm:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=opus.SAMPLE_RATE)
    with av.open(path) as container:
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


def _faded(pcm: opus.Pcm) -> opus.Pcm:
    """Both ends fade, so that nothing clicks."""
    samples = pcm.astype(np.float64)
    ramp = np.linspace(0, 1, FADE_SAMPLES)
    samples[:FADE_SAMPLES] *= ramp
    samples[-FADE_SAMPLES:] *= ramp[::-1]
    return samples.astype(np.int16)


if __name__ == "__main__":
    ogg.write(Path(sys.argv[1]), synthesize(sys.stdin.read()))
