"""Fading out: speech that is cut off without a fade ends in a click."""

from collections.abc import Iterable

import numpy as np

from .opus import Decoder, Encoder, Pcm
from .packet import FRAME_SAMPLES

WARM_UP_PACKETS = 4
"""A decoder that begins in mid-stream gives the same samples as others after this many packets."""


def fade_out(pcm: Pcm) -> Pcm:
    """Lower the samples linearly to zero."""
    return (pcm * np.linspace(1, 0, len(pcm))).astype(np.int16)


def fade_out_packet(before: Iterable[bytes], packet: bytes) -> bytes:
    """Encode an Opus packet anew so that it ends in silence.

    :param before: the packets that were sent before it; :data:`WARM_UP_PACKETS` are enough.
    """
    decoder, encoder = Decoder(), Encoder()
    for earlier in before:
        encoder.encode(decoder.decode(earlier)[:FRAME_SAMPLES])
    return encoder.encode(fade_out(decoder.decode(packet)[:FRAME_SAMPLES]))
