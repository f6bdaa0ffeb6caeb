"""Encoding and decoding 20 ms Opus frames, mono at 48 kHz, with PyAV's libopus."""

import fractions
from collections.abc import Iterable
from functools import cache

import av
import numpy as np

from .packet import FRAME_SAMPLES

SAMPLE_RATE = 48000
BIT_RATE = 32000

WARM_UP = 4
"""Packets after which a decoder that began in mid-stream hears what the others hear."""

Pcm = np.ndarray[tuple[int], np.dtype[np.int16]]


def encode(pcm: Pcm) -> tuple[bytes, ...]:
    """Opus packets of 20 ms each; the last one is padded with silence."""
    padded = np.pad(pcm, (0, -len(pcm) % FRAME_SAMPLES))
    encoder = _encoder()
    packets = [packet for frame in _frames(padded) for packet in encoder.encode(frame)]
    packets += encoder.encode(None)
    return tuple(bytes(packet) for packet in packets)


def decode(packets: Iterable[bytes]) -> Pcm:
    decoder = Decoder()
    return np.concatenate([decoder.decode(packet) for packet in packets])


def audio_frame(pcm: Pcm, sample_rate: int, pts: int | None = None) -> av.AudioFrame:
    """Samples as PyAV takes them."""
    frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = sample_rate
    frame.pts = pts
    return frame


class Decoder:
    """One stream's decoder: Opus predicts from packet to packet."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE
        self._codec = codec

    def decode(self, packet: bytes) -> Pcm:
        frames = self._codec.decode(av.Packet(packet))
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


class Encoder:
    """One stream's encoder, for what is said as it goes along.

    Its complexity is 5 of 10, as it takes its time on the event loop.
    """

    def __init__(self) -> None:
        self._codec = _encoder(complexity=5)
        self._pts = 0

    def encode(self, pcm: Pcm) -> bytes:
        """:param pcm: 20 ms."""
        frame = audio_frame(pcm, SAMPLE_RATE, self._pts)
        self._pts += FRAME_SAMPLES
        (packet,) = self._codec.encode(frame)
        return bytes(packet)


def faded_out(before: Iterable[bytes], packet: bytes) -> bytes:
    """``packet``, which would have followed these, ending in silence: for what is cut short."""
    decoder, encoder = Decoder(), Encoder()
    for earlier in before:
        encoder.encode(decoder.decode(earlier)[:FRAME_SAMPLES])
    pcm = decoder.decode(packet)[:FRAME_SAMPLES]
    return encoder.encode((pcm * np.linspace(1, 0, len(pcm))).astype(np.int16))


@cache
def silence() -> bytes:
    """20 ms of digital silence as an encoder in mid-stream puts it."""
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
