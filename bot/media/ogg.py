"""Opus packets in an Ogg file (RFC 7845). Any player plays it, and the bot sends it as it is."""

import fractions
from pathlib import Path

import av

from .opus import SAMPLE_RATE
from .packet import FRAME_SAMPLES


def write(path: Path, packets: tuple[bytes, ...]) -> None:
    """Write packets of 20 ms to a file, which appears complete or not at all."""
    unfinished = path.with_suffix(".part")
    with av.open(str(unfinished), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE)
        stream.layout = "mono"
        for index, payload in enumerate(packets):
            packet = av.Packet(payload)
            packet.stream = stream
            packet.time_base = fractions.Fraction(1, SAMPLE_RATE)
            packet.pts = packet.dts = index * FRAME_SAMPLES
            packet.duration = FRAME_SAMPLES
            container.mux(packet)
    unfinished.replace(path)


def read(path: Path) -> tuple[bytes, ...]:
    """Read the packets that :func:`write` has written."""
    with av.open(str(path)) as container:
        return tuple(bytes(packet) for packet in container.demux(audio=0) if packet.size)
