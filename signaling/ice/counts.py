"""Counts of what was issued, in this process's memory."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

SWEEP_S = 60


@dataclass(frozen=True)
class Limit:
    """So many credentials in a window of time, which begins with the first of them.

    :param name: a label of the metric: ``network_minute``, ``network_day``, ``site_minute``,
        ``site_day``, ``all_minute`` or ``all_day``.
    """

    name: str
    count: int
    window_s: int


class Counts(Protocol):
    """Counts what was issued. Several processes can share one."""

    async def take(self, wanted: Mapping[str, Limit]) -> Limit | None:
        """Count one for every key, or for none of them.

        :param wanted: the limit of each key.
        :returns: the first limit that is reached; None if one was counted.
        """
        ...


class CountsInMemory:
    """The counts of one process. Only what was granted takes memory, and only for its window."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    def __len__(self) -> int:
        return len(self._counts)

    async def take(self, wanted: Mapping[str, Limit]) -> Limit | None:
        now = time.monotonic()
        self._sweep(now)
        found = {key: self._count(key, limit, now) for key, limit in wanted.items()}
        for key, limit in wanted.items():
            if found[key][0] >= limit.count:
                return limit
        self._counts |= {key: (count + 1, until) for key, (count, until) in found.items()}
        return None

    def _count(self, key: str, limit: Limit, now: float) -> tuple[int, float]:
        """Return the count, and when its window ends."""
        count, until = self._counts.get(key, (0, 0.0))
        return (count, until) if now < until else (0, now + limit.window_s)

    def _sweep(self, now: float) -> None:
        if now >= self._sweep_at:
            self._counts = {key: kept for key, kept in self._counts.items() if now < kept[1]}
            self._sweep_at = now + SWEEP_S
