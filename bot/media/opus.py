"""Opus in frames of 20 ms, mono at 48 kHz, encoded and decoded by PyAV's libopus."""

import fractions
from collections.abc import Iterable
from functools import cache

import av
import numpy as np

from .packet import FRAME_SAMPLES

SAMPLE_RATE = 48000
BIT_RATE = 32000

Pcm = np.ndarray[tuple[int], np.dtype[np.int16]]
"""16-bit samples of one channel."""


def encode(pcm: Pcm) -> tuple[bytes, ...]:
    """Encode samples at 48 kHz into packets of 20 ms each. The last one is padded with silence."""
    padded = np.pad(pcm, (0, -len(pcm) % FRAME_SAMPLES))
    encoder = _encoder()
    packets = [packet for frame in _frames(padded) for packet in encoder.encode(frame)]
    packets += encoder.encode(None)
    return tuple(bytes(packet) for packet in packets)


def decode(packets: Iterable[bytes]) -> Pcm:
    """Decode a whole stream, from its first packet."""
    decoder = Decoder()
    return np.concatenate([decoder.decode(packet) for packet in packets])


def audio_frame(pcm: Pcm, sample_rate: int, pts: int | None = None) -> av.AudioFrame:
    """Wrap samples in a PyAV frame.

    :param pts: index of the first sample in its stream; None when it does not matter.
    """
    frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = sample_rate
    frame.pts = pts
    return frame


class Decoder:
    """Decodes one stream, packet by packet, to 48 kHz. Opus predicts each packet from the last."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE
        self._codec = codec

    def decode(self, packet: bytes) -> Pcm:
        """:raises av.FFmpegError: the packet is not Opus."""
        frames = self._codec.decode(av.Packet(packet))
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


class Encoder:
    """Encodes one stream in real time, packet by packet, from 48 kHz.

    Its complexity is 5 of 10, because it runs on the event loop.
    """

    def __init__(self) -> None:
        self._codec = _encoder(complexity=5)
        self._pts = 0

    def encode(self, pcm: Pcm) -> bytes:
        """:param pcm: 960 samples: 20 ms."""
        frame = audio_frame(pcm, SAMPLE_RATE, self._pts)
        self._pts += FRAME_SAMPLES
        (packet,) = self._codec.encode(frame)
        return bytes(packet)


@cache
def silence() -> bytes:
    """Return a packet of 20 ms of digital silence, taken from the middle of a stream."""
    return encode(np.zeros(5 * FRAME_SAMPLES, np.int16))[-2]


def _encoder(*, complexity: int = 10) -> av.AudioCodecContext:
    codec = av.CodecContext.create("libopus", "w")
    codec.bit_rate = BIT_RATE
    codec.format = "s16"
    codec.layout = "mono"
    codec.sample_rate = SAMPLE_RATE
    codec.time_base = fractions.Fraction(1, SAMPLE_RATE)
    codec.options = {
        "application": "audio",
        "frame_duration": "20",
        "compression_level": str(complexity),
    }
    return codec


def _frames(pcm: Pcm) -> Iterable[av.AudioFrame]:
    for start in range(0, len(pcm), FRAME_SAMPLES):
        yield audio_frame(pcm[start : start + FRAME_SAMPLES], SAMPLE_RATE, start)
