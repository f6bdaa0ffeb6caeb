import uuid
from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from .lease import WorkerLease

RESERVED_S = 3.0
"""A reserved place that nobody takes is free again after this."""


class FleetError(Exception):
    """The other processes cannot be reached at the moment."""


class Roll(NamedTuple):
    """Which workers are up.

    :param up: the leases that have not run out.
    :param gone: those of the channels asked about whose workers are known to be dead, or have
        stopped. A worker that is neither up nor gone may have lost Redis, or Redis its memory.
    """

    up: list[WorkerLease]
    gone: frozenset[str]

    @property
    def taking_calls(self) -> list[str]:
        """The channels of the workers that may get a call."""
        return [lease.channel for lease in self.up if not lease.is_draining]


class Fleet(Protocol):
    """The workers that may take calls. Every method raises :class:`FleetError` if it cannot tell.

    The one in memory knows the worker of its own process. The one in Redis knows those of all
    machines.
    """

    async def renew(self, lease: WorkerLease, taken: Collection[uuid.UUID] = ()) -> bool:
        """Renew a worker's lease.

        :param taken: calls that the worker has now. Their reservations are used up.
        :returns: False if the lease had run out, so that its calls may have been given to others.
            True for a first lease.
        """
        ...

    async def withdraw(self, channel: str) -> None:
        """Say that the worker of this channel takes no messages any more."""
        ...

    async def reserve(self, call_id: uuid.UUID, without: Collection[str] = ()) -> str | None:
        """Reserve a place with the worker that has the least to do.

        :param without: channels of workers that are not asked.
        :returns: the worker's channel; None if all are full, or there is none.
        """
        ...

    async def release(self, call_id: uuid.UUID, channel: str) -> None:
        """Give a reserved place back."""
        ...

    async def roll(self, asked: Collection[str] = ()) -> Roll:
        """Tell which workers are up.

        :param asked: channels of workers that may have said goodbye.
        """
        ...


class Snapshots(Protocol):
    """What one worker knows of its calls, for the workers that go on with them. Every method raises
    :class:`FleetError` if nobody answers.
    """

    async def keep(
        self, changed: Mapping[uuid.UUID, bytes], unchanged: Collection[uuid.UUID]
    ) -> set[uuid.UUID]:
        """Keep the latest snapshots of the worker's calls, unless another worker has taken them.

        :returns: those of the unchanged ones that were lost.
        """
        ...

    async def take(self, call_id: uuid.UUID) -> bytes:
        """Return a call's latest snapshot, empty if there is none. The worker that has kept it
        cannot change it any more.
        """
        ...

    async def forget(self, calls: Collection[uuid.UUID]) -> None:
        """Forget calls that have ended, unless another worker has taken them."""
        ...

    async def close(self) -> None: ...
