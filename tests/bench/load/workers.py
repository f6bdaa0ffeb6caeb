"""Shows what a second bot worker adds: ``python -m tests.bench.load.workers``.

On each core run one worker and one load generator, which makes about half of the calls. So one
worker shares its core with a generator too, where it is alone. Pages and Redis have no core of
their own. The load grows until a call is not clean: less than 95 % of its packets came back, or a
word did not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.cluster import Cluster
from tests.ports import free_port

from .generator import Figures

SETTINGS: Final = {
    "VOICEDEMO_BIND": "127.0.0.1",
    "VOICEDEMO_MAX_CALLS": "10000",
    "VOICEDEMO_WORKER_CALLS": "10000",
    "VOICEDEMO_PROXIES": "1",
    "VOICEDEMO_STUN_URLS": "",
    "VOICEDEMO_LOG_LEVEL": "WARNING",
}
FIRST_LOAD: Final = 60
"""Calls a core."""
STEP: Final = 10
LAST_LOAD: Final = 240
COMPARED: Final = FIRST_LOAD
"""The CPU of a call is compared at this load, which every setup carries."""


@dataclass(frozen=True)
class Setup:
    name: str
    workers: int
    settings: dict[str, str]


@dataclass(frozen=True)
class Step:
    """What the calls of all workers got, at one load."""

    calls: int
    clean: int
    cpu: float
    """Of a call, in per cent of a core: the mean of the workers."""


def setups() -> list[Setup]:
    shared = {"VOICEDEMO_MEDIA_PORT": str(free_port())}
    alone = {"VOICEDEMO_MEDIA_PORT": str(free_port()), "VOICEDEMO_PORT_PER_WORKER": "1"}
    return [
        Setup("one worker, a port of its own", 1, alone),
        Setup("one worker, the shared port", 1, shared),
        Setup("two workers, the shared port", 2, shared),
    ]


def one_load(setup: Setup, calls_a_core: int, seconds: float) -> Step:
    """Measure one load on a fresh server.

    :raises RuntimeError: if a generator cannot make its calls.
    """
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), setup.workers, **SETTINGS, **setup.settings)
        try:
            cluster.wait_for_workers()
            pids = list(cluster.workers().values())
            for core, pid in enumerate(pids):
                os.sched_setaffinity(pid, {core})
            return _sum(_generate(cluster.url, pids, calls_a_core, seconds))
        finally:
            cluster.stop()


def _generate(url: str, pids: Sequence[int], calls: int, seconds: float) -> list[Figures]:
    """Let one generator for each worker make so many calls, at the same time."""
    running = [
        subprocess.Popen(
            [
                *("taskset", "--cpu-list", str(core), sys.executable),
                *("-m", "tests.bench.load.generator", "voicedemo", url, str(pid)),
                *("--calls", str(calls), "--seconds", str(seconds), "--voice", "echo"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for core, pid in enumerate(pids)
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError(f"a generator of {calls} calls has failed")
    return [Figures(**json.loads(one)) for one in said]


def _sum(figures: Sequence[Figures]) -> Step:
    calls = sum(one.calls for one in figures)
    return Step(calls, sum(one.clean for one in figures), sum(one.cpu for one in figures) / calls)


def ladder(setup: Setup, seconds: float) -> tuple[int, float]:
    """Grow the load.

    :returns: the most calls that were all clean, and the CPU of a call at :data:`COMPARED`.
    """
    most, cpu = 0, 0.0
    for calls in range(FIRST_LOAD, LAST_LOAD + 1, STEP):
        step = one_load(setup, calls, seconds)
        print(f"{setup.name}: {step}", file=sys.stderr, flush=True)
        cpu = step.cpu if calls == COMPARED else cpu
        if step.clean < step.calls:
            break
        most = step.calls
    return most, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="length of each load")
    seconds = parser.parse_args().seconds
    found = {setup.name: ladder(setup, seconds) for setup in setups()}
    for name, (most, cpu) in found.items():
        print(f"{name}: {most} clean calls; {cpu:.3f} % of a core for a call at {COMPARED} a core")
    (_, alone_cpu), (one, shared_cpu), (two, _) = found.values()
    print(f"two workers carry {two / one:.2f} times the calls of one")
    print(f"the shared port costs {100 * (shared_cpu / alone_cpu - 1):+.1f} % CPU a call")


if __name__ == "__main__":
    main()
