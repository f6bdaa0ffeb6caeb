"""What a worker says of itself, again and again: who renews no lease takes no calls."""

import re
import secrets
import socket

from pydantic import BaseModel, ConfigDict

RENEWED_EVERY_S = 0.7
LEASE_S = 2.0
"""A worker may miss one renewal. After two it is taken for dead, and its calls move."""


class WorkerLease(BaseModel):
    """A worker's lease on its place among the workers."""

    model_config = ConfigDict(frozen=True)

    channel: str
    """Where it takes messages. It names this run of the worker (:func:`new_channel`)."""
    capacity: int
    """How many calls it has room for."""
    calls: int = 0
    busy: float = 0.0
    """How close to its limit its process was since its last renewal, 0 to 1. It is the share of a
    core that it used, or how late its event loop was, whichever is worse."""
    is_draining: bool = False
    """It finishes its calls and takes no others."""

    @property
    def load(self) -> float:
        """0 is idle, 1 is full."""
        return max(self.busy, self.calls / self.capacity) if self.capacity else 1.0


def new_channel(name: str) -> str:
    """A channel for one run of a worker. The next run of the same worker has another one, so that
    it does not read what was sent to this one.
    """
    return f"bot.{name}.{secrets.token_hex(8)}"


def host_name() -> str:
    """The name of this machine, as far as a channel's name may contain it."""
    return re.sub(r"[^a-zA-Z0-9-]", "-", socket.gethostname())[:40] or "host"
