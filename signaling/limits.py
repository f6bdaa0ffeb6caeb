"""Token buckets: a burst is welcome, a flood is not."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase, JsonResponse

from calls import metrics

from . import clients, networks

MAX_CLIENTS = 10_000
"""Remembered at once; the least recently seen is forgotten, and has a full bucket again."""

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class Buckets:
    """One bucket a client, of ``burst`` tokens, which refills with ``per_second``."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a token; returns the seconds until there is one, 0 where it was there."""
        now = time.monotonic()
        tokens, at = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - at) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return wait

    def clear(self) -> None:
        self._buckets.clear()


requests = Buckets(burst=60, per_second=1.0)
"""Of tickets and ICE servers. A trade fair is behind one address."""
reports = Buckets(burst=20, per_second=1 / 60)
"""Of self-tests. Each takes half a minute, and the newest push out the oldest of everybody."""


def limited(buckets: Buckets) -> Callable[[View], View]:
    """429 with ``Retry-After`` (RFC 6585, 4) for a network whose bucket is empty."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def answer(request: ASGIRequest) -> HttpResponseBase:
            wait = buckets.take(networks.key(clients.address(request.scope)))
            if not wait:
                return await view(request)
            metrics.request_limited(request.path)
            return JsonResponse(
                {"error": {"code": "too_many_requests", "message": "slow down"}},
                status=429,
                headers={"Retry-After": str(math.ceil(wait)), "Cache-Control": "no-store"},
            )

        return answer

    return decorate
