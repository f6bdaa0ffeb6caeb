"""The figures of the soak: a line a minute, and how memory grows with calls."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .system import Held

PER_CALLS: Final = 1000
WARM_UP_MB: Final = 40.0
"""A worker gets so much, and no more, until it has had some 1,000 calls: its allocator keeps what
the most calls at once have needed. One call takes 0.2 MB while it is up."""
LEAK_MB: Final = 5.0
"""What is more than this in 1,000 calls, once a process is warm, is a leak."""
COLUMNS: Final = ("minute", "calls", "up", "moves", "missed", "faults", "rows", "keys")
OF_PROCESS: Final = ("MB", "fd", "db", "redis", "thr", "tasks")


@dataclass(frozen=True)
class Sample:
    """What there was at one moment.

    :ivar calls: how many calls were over.
    :ivar held: by the name of the process.
    """

    at_s: float
    calls: int
    held: Mapping[str, Held]


def growth_mb(samples: Iterable[Sample], name: str) -> float | None:
    """How much memory a process gets in 1,000 calls, by a line through the samples.

    :returns: MB; None if the process has not lived through all of them.
    """
    held = [(sample.calls, sample.held[name]) for sample in samples if name in sample.held]
    if len({one.pid for _, one in held}) != 1 or len({calls for calls, _ in held}) < 2:
        return None
    calls = [float(calls) for calls, _ in held]
    line = statistics.linear_regression(calls, [one.memory_mb for _, one in held])
    return PER_CALLS * line.slope


def most_mb(samples: Sequence[Sample]) -> float:
    """How much :func:`growth_mb` may say. The more calls there are, the less the start counts."""
    calls = samples[-1].calls - samples[0].calls
    return LEAK_MB + WARM_UP_MB * PER_CALLS / calls


def heading(names: Sequence[str]) -> str:
    """The two lines above the table."""
    width = 6 * len(OF_PROCESS) + 2
    first = " " * 7 * len(COLUMNS) + "".join(f"  | {name:<{width - 2}}" for name in names)
    of_processes = "  |" + "".join(f"{name:>6}" for name in OF_PROCESS)
    return f"{first}\n" + "".join(f"{name:>7}" for name in COLUMNS) + len(names) * of_processes


def line(figures: Sequence[float], names: Sequence[str], held: Mapping[str, Held]) -> str:
    """One line of the table.

    :param figures: those of :data:`COLUMNS`.
    """
    first, *others = figures
    return (
        f"{first:7.1f}"
        + "".join(f"{one:7.0f}" for one in others)
        + "".join(_of_process(held.get(name)) for name in names)
    )


def _of_process(held: Held | None) -> str:
    if held is None:
        return "  |" + "".join(f"{'-':>6}" for _ in OF_PROCESS)
    counts = (held.files, held.database, held.redis, held.threads, held.tasks)
    return f"  |{held.memory_mb:6.1f}" + "".join(f"{count:6d}" for count in counts)
