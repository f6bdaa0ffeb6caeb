"""The workers of this process: one, or none."""

import time
import uuid
from collections.abc import Collection

from .base import RESERVED_S, Roll
from .lease import WorkerLease


class FleetInMemory:
    """Implements :class:`fleet.base.Fleet`. A lease lasts until it is withdrawn: a worker that
    shares our process cannot die alone.
    """

    def __init__(self) -> None:
        self._up: dict[str, WorkerLease] = {}
        self._reserved: dict[str, dict[uuid.UUID, float]] = {}

    async def renew(self, lease: WorkerLease, taken: Collection[uuid.UUID] = ()) -> bool:
        self._up[lease.channel] = lease
        for call_id in taken:
            await self.release(call_id, lease.channel)
        return True

    async def withdraw(self, channel: str) -> None:
        self._up.pop(channel, None)
        self._reserved.pop(channel, None)

    async def reserve(self, call_id: uuid.UUID, without: Collection[str] = ()) -> str | None:
        free = [
            lease
            for lease in self._up.values()
            if not lease.is_draining
            and lease.channel not in without
            and self._taken(lease) < lease.capacity
        ]
        if not free:
            return None
        channel = min(free, key=self._load).channel
        self._reserved.setdefault(channel, {})[call_id] = time.monotonic() + RESERVED_S
        return channel

    async def release(self, call_id: uuid.UUID, channel: str) -> None:
        self._reserved.get(channel, {}).pop(call_id, None)

    async def roll(self, asked: Collection[str] = ()) -> Roll:
        return Roll(list(self._up.values()), frozenset(asked) - self._up.keys())

    def _load(self, lease: WorkerLease) -> float:
        return lease.load + (self._taken(lease) - lease.calls) / lease.capacity

    def _taken(self, lease: WorkerLease) -> int:
        now = time.monotonic()
        reserved = self._reserved.get(lease.channel, {})
        for call_id in [call_id for call_id, until in reserved.items() if until < now]:
            del reserved[call_id]
        return lease.calls + len(reserved)
