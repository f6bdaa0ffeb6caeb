"""How long the person waited for the bot's answers during a call."""

import math
from collections.abc import Sequence


class Turns:
    """Collects the waits of one call, in whole milliseconds."""

    def __init__(self) -> None:
        self._waits_ms: list[int] = []

    @property
    def waits_ms(self) -> list[int]:
        return list(self._waits_ms)

    def add(self, wait_ms: int) -> None:
        self._waits_ms.append(wait_ms)

    def summary(self) -> dict[str, int]:
        """Return their ``count``, and their ``p50`` and ``p95`` in ms unless there are none."""
        ordered = sorted(self._waits_ms)
        if not ordered:
            return {"count": 0}
        return {
            "count": len(ordered),
            "p50": _percentile(ordered, 0.5),
            "p95": _percentile(ordered, 0.95),
        }


def _percentile(ordered: Sequence[int], share: float) -> int:
    """Return a percentile by the nearest-rank method, as the page's ``percentile.js`` does.

    :param ordered: at least one value, in ascending order.
    :param share: 0.5 for the median; more than 0, at most 1.
    """
    return ordered[math.ceil(share * len(ordered)) - 1]
