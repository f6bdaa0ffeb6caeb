"""Makes many calls at once to one server: ``python -m tests.bench.load.generator --help``.

Prints one line of JSON: the fields of :class:`Figures`.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
import numpy as np
import uvloop
from aiortc import RTCCertificate

from bot.media import opus
from bot.media.packet import AudioPacket
from bot.media.reorder import Reorder
from bot.voices.audio_input import AudioInput

from . import recording
from .line import Line
from .signalling import HttpOffer, Janus, Signalling, VoiceDemo

PACKETS_PER_S: Final = 50
GROUPS: Final = 10
"""The callers speak in groups, so that not all speak in the same millisecond."""
AT_ONCE: Final = 4
"""Calls that are set up at the same time."""
WARM_S: Final = 3.5
"""After this time every first echo has arrived, and the load is steady."""
CLEAN: Final = 0.95
"""A clean call gets back at least this share of its packets."""

SIGNALLING: Final[dict[str, Callable[..., Signalling]]] = {
    "voicedemo": VoiceDemo,
    "http": HttpOffer,
    "janus": Janus,
}


@dataclass(frozen=True)
class Figures:
    """The results of one load. Times are in ms, CPU figures in per cent of a core."""

    calls: int
    clean: int
    """The number of calls that got back at least 95 % of their packets, and every word."""
    least_back: float
    """The share of its packets that the worst call got back, 0 to 1."""
    echo_p50: float | None
    echo_p95: float | None
    answer: float
    """The median time from the offer to the answer."""
    first_echo: float | None
    """The time from the offer to the first packet of the caller's own voice."""
    likeness: float
    """How like the recording the echo sounds, 0 to 1: the mean of all words of recorded calls."""
    disordered: int
    """The number of packets of recorded calls that came after a later one."""
    missing: float
    """The share of sequence numbers that is missing in recorded calls, 0 to 1."""
    cpu: float
    memory_mb: float
    generator_cpu: float


class Load:
    """All lines of a load, and the clock that lets them speak."""

    def __init__(self, make_line: Callable[[bool], Line], recorders: int = 0) -> None:
        self._make_line = make_line
        self._recorders = recorders
        self._certificate = RTCCertificate.generateCertificate()
        self.lines: list[Line] = []
        self._clock = asyncio.create_task(self._speak())

    async def connect(self, count: int) -> None:
        """Connect so many calls.

        :raises ConnectionError: if one of them cannot be connected.
        """
        for start in range(0, count, AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for index in range(start, min(count, start + AT_ONCE)):
                    group.create_task(self._add(records=index < self._recorders))

    async def hang_up(self) -> None:
        self._clock.cancel()
        lines, self.lines = self.lines, []
        await asyncio.gather(*(line.hang_up() for line in lines), return_exceptions=True)

    async def _add(self, *, records: bool) -> None:
        line = self._make_line(records)
        async with asyncio.timeout(30):
            await line.connect(self._certificate)
        self.lines.append(line)

    async def _speak(self) -> None:
        step, due = 0, time.perf_counter()
        while True:
            for line in self.lines[step % GROUPS :: GROUPS]:
                line.speak()
            step += 1
            due += 1 / PACKETS_PER_S / GROUPS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def measure(
    make_line: Callable[[bool], Line], calls: int, seconds: float, pid: int, recorders: int
) -> Figures:
    load = Load(make_line, recorders)
    await load.connect(calls)
    await asyncio.sleep(WARM_S)
    for line in load.lines:
        line.clear()
    began, cpu, own = time.perf_counter(), cpu_s(pid), time.process_time()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    figures = _figures(
        load.lines,
        cpu=100 * (cpu_s(pid) - cpu) / took,
        memory_mb=memory_mb(pid),
        generator_cpu=100 * (time.process_time() - own) / took,
    )
    await load.hang_up()
    return figures


def _figures(lines: Sequence[Line], **machine: float) -> Figures:
    back = [line.received / max(1, line.sent) for line in lines]
    echoes = sorted(1000 * echo for line in lines for echo in line.echo_s)
    firsts = [1000 * (line.first_echo_at - line.offered_at) for line in lines if line.first_echo_at]
    recorded = [line.heard for line in lines if line.heard]
    return Figures(
        calls=len(lines),
        clean=sum(map(_is_clean, lines)),
        least_back=round(min(back), 3),
        echo_p50=round(statistics.median(echoes), 1) if echoes else None,
        echo_p95=round(echoes[int(0.95 * (len(echoes) - 1))], 1) if echoes else None,
        answer=round(
            statistics.median(1000 * (line.answered_at - line.offered_at) for line in lines), 1
        ),
        first_echo=round(statistics.median(firsts), 1) if firsts else None,
        likeness=round(_mean(map(_likeness, recorded)), 3),
        disordered=sum(_disordered(heard) for heard in recorded),
        missing=round(_mean(map(_missing, recorded)), 3),
        **{name: round(value, 2) for name, value in machine.items()},
    )


def _is_clean(line: Line) -> bool:
    # The echo of the last word may still be under way.
    words = line.words - 1 if line.echoes else 0
    return line.received >= CLEAN * line.sent and len(line.echo_s) >= words


def _mean(values: Iterable[float]) -> float:
    found = [*values]
    return statistics.fmean(found) if found else 0.0


def _likeness(heard: Sequence[AudioPacket]) -> float:
    """Compare with the recording, as a receiver hears it that reorders and conceals losses."""
    reorder, audio_input = Reorder(), AudioInput(opus.SAMPLE_RATE)
    ordered = (packet for came in heard for packet in reorder.put(came))
    return recording.likeness(
        np.concatenate([pcm for each in ordered for pcm in audio_input.decode(each)])
    )


def _disordered(heard: Sequence[AudioPacket]) -> int:
    numbers = (packet.sequence_number for packet in heard)
    return sum(0 < (a - b) & 0xFFFF < 0x8000 for a, b in pairwise(numbers))


def _missing(heard: Sequence[AudioPacket]) -> float:
    numbers = [(p.sequence_number - heard[0].sequence_number + 0x4000) & 0xFFFF for p in heard]
    return 1 - len(set(numbers)) / (max(numbers) - min(numbers) + 1)


def cpu_s(pid: int) -> float:
    """The CPU time of a process so far in seconds, with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """The resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def main(options: argparse.Namespace) -> None:
    packets = recording.packets()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=60, limits=limits) as http:
        signalling = SIGNALLING[options.signalling]
        if options.voice:
            signalling = partial(signalling, voice=options.voice)

        def make_line(records: bool) -> Line:
            return Line(
                signalling(http, options.url),
                packets,
                echoes=not options.says_nothing,
                records=records,
                loss=options.loss,
                late=options.late,
            )

        figures = await measure(
            make_line, options.calls, options.seconds, options.pid, options.recorders
        )
    print(json.dumps(asdict(figures)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("signalling", choices=SIGNALLING)
    parser.add_argument("url")
    parser.add_argument("pid", type=int, help="process id of the server")
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--voice", help="voice to ask this product for")
    parser.add_argument("--recorders", type=int, default=1, help="calls whose echo is listened to")
    parser.add_argument("--says-nothing", action="store_true", help="the bot: no echo is expected")
    parser.add_argument("--loss", type=float, default=0.0, help="share of the packets, each way")
    parser.add_argument("--late", type=float, default=0.0, help="share that is sent 30 ms late")
    uvloop.run(main(parser.parse_args()))
