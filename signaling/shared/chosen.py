"""The Redis that the settings name."""

from functools import cache

from django.conf import settings

from .base import Store


@cache
def store() -> Store | None:
    """What all processes share; None for a server of one process."""
    if not settings.REDIS_URL:
        return None
    # Not needed, and so not loaded, by a server of one process.
    from .redis import StoreInRedis

    return StoreInRedis(settings.REDIS_URL)
