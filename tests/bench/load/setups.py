"""Shows how long callers wait when many call at once: ``python -m tests.bench.load.setups``.

So many calls a second begin, whether those before have been answered or not. Each talks for a
moment and hangs up. One process has the pages, and two workers have the calls. All of them, Redis
and the callers share the cores of this machine.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import uvloop
from aiortc import RTCCertificate

from tests.e2e.cluster import Cluster
from tests.ports import free_port

from . import recording
from .generator import cpu_s
from .line import Line
from .signalling import VoiceDemo
from .workers import SETTINGS

TALK_S: Final = 2.0
PATIENCE_S: Final = 30.0


@dataclass
class Found:
    answers_ms: list[float] = field(default_factory=list)
    """From the offer to the answer."""
    waits_ms: list[float] = field(default_factory=list)
    """From asking for a ticket until DTLS is up."""
    failures: Counter[str] = field(default_factory=Counter[str])


async def one_call(line: Line, kit: RTCCertificate, found: Found) -> None:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await line.connect(kit)
    except (TimeoutError, OSError, httpx.HTTPError, ConnectionError) as exc:
        found.failures[type(exc).__name__] += 1
        return
    found.answers_ms.append(1000 * (line.answered_at - line.offered_at))
    found.waits_ms.append(1000 * (time.perf_counter() - began))
    for _ in range(round(50 * TALK_S)):
        line.speak()
        await asyncio.sleep(0.02)
    await line.hang_up()


async def call(url: str, a_second: float, seconds: float) -> Found:
    found, kit, packets = Found(), RTCCertificate.generateCertificate(), recording.packets()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=PATIENCE_S, limits=limits) as http:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as calls:
            began = loop.time()
            for number in range(round(a_second * seconds)):
                await asyncio.sleep(began + number / a_second - loop.time())
                line = Line(VoiceDemo(http, url), packets, echoes=False)
                calls.create_task(one_call(line, kit, found))
    return found


def spread(values: list[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return (
        f"median {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms, worst {ordered[-1]:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-second", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    settings = SETTINGS | {"VOICEDEMO_MEDIA_PORT": str(free_port())}
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), **settings)
        try:
            cluster.wait_for_workers()
            processes = {"pages": cluster.server.process.pid, "callers": os.getpid()}
            for number, pid in enumerate(cluster.workers().values(), 1):
                processes[f"worker {number}"] = pid
            before = {name: cpu_s(pid) for name, pid in processes.items()}
            found = uvloop.run(call(cluster.url, options.per_second, options.seconds))
            used = {name: cpu_s(pid) - before[name] for name, pid in processes.items()}
        finally:
            cluster.stop()
    print(f"{len(found.answers_ms)} calls were answered, {found.failures.total()} were not", end="")
    print(f": {dict(found.failures)}" if found.failures else "")
    print(f"offer to answer: {spread(found.answers_ms)}")
    print(f"ticket to DTLS: {spread(found.waits_ms)}")
    calls = options.per_second * options.seconds
    print(
        "CPU a call: ", ", ".join(f"{name} {1000 * s / calls:.1f} ms" for name, s in used.items())
    )


if __name__ == "__main__":
    main()
