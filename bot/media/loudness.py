"""Measures and sets the loudness of speech (EBU R 128), with FFmpeg's filters."""

import contextlib
from typing import Final

import av
import numpy as np

from .opus import SAMPLE_RATE, Pcm, audio_frame

TARGET_LUFS: Final = -16.0
"""The usual loudness of podcasts and voice assistants on a phone."""
CEILING: Final = 0.8
"""Peaks are limited to this share of full scale. Opus overshoots, and would clip without it."""
BLOCK_SAMPLES: Final = SAMPLE_RATE * 4 // 10
"""EBU R 128 measures blocks of 400 ms."""
LIMITER: Final = f"limit={CEILING}:level=0:attack=5:release=50"

Filter = tuple[str, str]


def lufs(pcm: Pcm) -> float:
    """Return the integrated loudness of samples at 48 kHz, in LUFS; -70 for silence."""
    blocks = np.pad(pcm, (0, max(0, BLOCK_SAMPLES - len(pcm))))
    loudness = -70.0
    for frame in _filtered(blocks, ("ebur128", "metadata=1")):
        loudness = float(frame.metadata.get("lavfi.r128.I", loudness))
    return loudness


def normalize(pcm: Pcm) -> Pcm:
    """Bring samples at 48 kHz to :data:`TARGET_LUFS`, with their peaks below :data:`CEILING`."""
    for _ in range(2):  # the limiter takes away some of the gain of the first pass
        gain = f"{TARGET_LUFS - lufs(pcm):.2f}dB:precision=float"
        filters = (("volume", gain), ("alimiter", LIMITER), ("aformat", "sample_fmts=s16"))
        frames = [frame.to_ndarray().reshape(-1) for frame in _filtered(pcm, *filters)]
        pcm = np.concatenate(frames)
    return pcm


def _filtered(pcm: Pcm, *filters: Filter) -> list[av.AudioFrame]:
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=SAMPLE_RATE, format="s16", layout="mono"),
        *(graph.add(name, options) for name, options in filters),
        graph.add("abuffersink"),
    ).configure()
    graph.push(audio_frame(pcm, SAMPLE_RATE, 0))
    graph.push(None)
    frames = []
    with contextlib.suppress(av.EOFError):
        while isinstance(frame := graph.pull(), av.AudioFrame):
            frames.append(frame)
    return frames
