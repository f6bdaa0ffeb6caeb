"""The workers that this process takes part in, as its settings say."""

from functools import cache

from django.conf import settings

from .base import Fleet, Snapshots
from .memory import FleetInMemory


@cache
def fleet() -> Fleet:
    """All workers over Redis, or this process's own without it."""
    if settings.REDIS_URL:
        # Not needed, and so not loaded, by a server of one process.
        from .redis import FleetInRedis

        return FleetInRedis(settings.REDIS_URL)
    return FleetInMemory()


def snapshots(worker: str) -> Snapshots | None:
    """Where a worker keeps what others need to go on with its calls; None if it is alone."""
    if not settings.REDIS_URL:
        return None
    from .redis_snapshots import SnapshotsInRedis

    return SnapshotsInRedis(settings.REDIS_URL, worker)
