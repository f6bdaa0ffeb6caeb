"""How long the person waited for the bot's answers during a call."""

import math
from collections.abc import Sequence


class Turns:
    """The waits of one call, in whole milliseconds."""

    def __init__(self) -> None:
        self._waits_ms: list[int] = []

    def add(self, wait_ms: int) -> None:
        self._waits_ms.append(wait_ms)

    def summary(self) -> dict[str, int]:
        """``count``, and where there were any ``p50`` and ``p95`` in ms, by the nearest rank."""
        ordered = sorted(self._waits_ms)
        if not ordered:
            return {"count": 0}
        return {"count": len(ordered), "p50": _rank(ordered, 0.5), "p95": _rank(ordered, 0.95)}


def _rank(ordered: Sequence[int], share: float) -> int:
    return ordered[math.ceil(share * len(ordered)) - 1]
