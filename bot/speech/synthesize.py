"""Synthesises speech offline: ``python -m bot.speech.synthesize OUT.ogg < text``.

It runs in a process of its own, so that the bot does not keep the model and its runtime, some
180 MB, in memory.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from ..media import loudness, ogg, opus
from ..media.fade import fade_out

FADE_SAMPLES = opus.SAMPLE_RATE // 100
"""10 ms."""


class NoSpeechError(RuntimeError):
    """No speech engine works on this machine."""


def synthesize(text: str) -> tuple[bytes, ...]:
    """Return a text as speech, in Opus packets of 20 ms.

    :raises NoSpeechError: neither the packaged voice nor flite is installed.
    """
    try:
        pcm = _hibari(text)
    except ImportError:
        pcm = _flite(text)
    return opus.encode(_faded(loudness.normalize(pcm)))


def _hibari(text: str) -> opus.Pcm:
    from hibari import Hibari

    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        Hibari().save(text, wav.name)
        return _read_wav(wav.name)


def _flite(text: str) -> opus.Pcm:
    """The fallback for platforms without onnxruntime, which the packaged voice needs."""
    program = shutil.which("flite")
    if program is None:
        raise NoSpeechError("no speech engine: hibari-tts cannot be imported; install flite")
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
    """Fade both ends, so that neither clicks."""
    head, middle, tail = np.split(pcm, [FADE_SAMPLES, len(pcm) - FADE_SAMPLES])
    return np.concatenate([fade_out(head[::-1])[::-1], middle, fade_out(tail)])


if __name__ == "__main__":
    ogg.write(Path(sys.argv[1]), synthesize(sys.stdin.read()))
