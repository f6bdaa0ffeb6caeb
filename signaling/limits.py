"""Limits on requests, by network: token buckets allow a burst and stop a flood."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase, JsonResponse

from calls import metrics

from . import clients, networks
from .shared import tokens
from .shared.base import AwayError
from .shared.chosen import store

MAX_CLIENTS = 10_000
"""Networks that are remembered. The least recently seen one is forgotten first, and then starts
again with a full bucket."""

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class Buckets:
    """A bucket for each client: ``burst`` tokens, refilled at ``per_second``.

    :param shared_as: the name under which all processes share these buckets; '' if each process has
        its own.
    """

    def __init__(self, burst: int, per_second: float, shared_as: str = "") -> None:
        self._burst = burst
        self._per_second = per_second
        self._shared_as = shared_as
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a token. Returns 0, or the seconds until there is one."""
        now = time.monotonic()
        tokens, at = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - at) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return wait

    async def take_shared(self, client: str) -> float:
        """Take a token of all processes, or of this one while Redis is away."""
        everybodys = store() if self._shared_as else None
        if everybodys:
            name = f"{self._shared_as}:{client}"
            with suppress(AwayError):
                return await tokens.take(everybodys, name, self._burst, self._per_second)
        return self.take(client)

    def clear(self) -> None:
        self._buckets.clear()


requests = Buckets(burst=60, per_second=1.0, shared_as="requests")
"""For tickets and ICE servers. A whole trade fair may be behind one address."""
screens = Buckets(burst=200, per_second=20.0, shared_as="screens")
"""For the screens of stands, which ask every two seconds: forty behind one address."""
reports = Buckets(burst=20, per_second=1 / 60, shared_as="reports")
"""For the reports of self-tests. A self-test takes half a minute; without this limit one network's
reports could push out everybody's."""


def _route(request: ASGIRequest) -> str:
    found = request.resolver_match
    return (found and found.view_name) or "other"


def limited(buckets: Buckets) -> Callable[[View], View]:
    """Answer 429 with ``Retry-After`` (RFC 6585, 4) to a network whose bucket is empty."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def answer(request: ASGIRequest, **arguments: str) -> HttpResponseBase:
            wait = await buckets.take_shared(networks.key(clients.address(request.scope)))
            if not wait:
                return await view(request, **arguments)
            metrics.request_limited(_route(request))
            return JsonResponse(
                {"error": {"code": "too_many_requests", "message": "slow down"}},
                status=429,
                headers={"Retry-After": str(math.ceil(wait)), "Cache-Control": "no-store"},
            )

        return answer

    return decorate
