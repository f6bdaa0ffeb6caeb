"""The workers that this process takes part in, as its settings say."""

from functools import cache

from django.conf import settings

from .base import Fleet
from .memory import FleetInMemory


@cache
def fleet() -> Fleet:
    """All workers over Redis, or this process's own without it."""
    if settings.REDIS_URL:
        # Not needed, and so not loaded, by a server of one process.
        from .redis import FleetInRedis

        return FleetInRedis(settings.REDIS_URL)
    return FleetInMemory()
