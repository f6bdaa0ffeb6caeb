"""Which worker takes a call, and which one has it."""

import uuid
from collections.abc import Collection
from typing import NamedTuple, cast

from calls.leases import a_lease
from calls.models import Call
from fleet.base import FleetError
from fleet.chosen import fleet
from wire.constants import Voice
from wire.errors import ProtocolError


class WorkersUnknownError(ProtocolError):
    """Nobody knows the workers at the moment: Redis is away."""

    def __init__(self) -> None:
        told = "the server cannot reach its bots at the moment"
        super().__init__("internal", told, retryable=True)


async def reserve(call_id: uuid.UUID, without: Collection[str] = ()) -> str | None:
    """Reserve a place for the call with the worker that has the least to do.

    :param without: channels of workers that are not asked.
    :returns: the worker's channel; None if every worker is full, or there is none.
    :raises WorkersUnknownError:
    """
    try:
        return await fleet().reserve(call_id, without)
    except FleetError as exc:
        raise WorkersUnknownError from exc


async def release(call_id: uuid.UUID, channel: str) -> None:
    """Give a reserved place back. Otherwise it is free again after some seconds."""
    try:
        await fleet().release(call_id, channel)
    except FleetError:
        return


async def workers_up() -> int | None:
    """How many workers take calls. None while nobody knows."""
    try:
        return len((await fleet().roll()).taking_calls)
    except FleetError:
        return None


async def free_places() -> int:
    """How many more calls the workers have room for. 0 while nobody knows."""
    try:
        roll = await fleet().roll()
    except FleetError:
        return 0
    return sum(
        max(0, worker.capacity - worker.calls) for worker in roll.up if not worker.is_draining
    )


async def is_draining(channel: str) -> bool:
    """Whether the worker on this channel lets its calls go, as far as anybody knows."""
    try:
        roll = await fleet().roll()
    except FleetError:
        return False
    return any(lease.is_draining for lease in roll.up if lease.channel == channel)


def bot_channel_of(call_id: uuid.UUID, nonce: str) -> str:
    """The channel of the worker that has this call, or that had it until it died.

    :param nonce: of the token that claims the call (:func:`calls.tickets.token_for`).
    :raises ProtocolError: ``call_unknown`` if the call is over or never was, or if the token is
        that of a socket that did not open it.
    """
    mine = Call.objects.unended().filter(id=call_id, resume_nonce=nonce)
    found = mine.values_list("bot_channel", flat=True)
    if not found:
        raise _over()
    return found[0]


class Given(NamedTuple):
    """Who has a call.

    :param channel: of the worker that has it.
    :param voice: of its bot; None if another socket of the page gave it to that worker before.
    """

    channel: str
    voice: Voice | None


def give(call_id: uuid.UUID, before: str, channel: str) -> Given:
    """Give a call to the worker on ``channel``, unless somebody was first.

    :param before: the channel of the worker that had it.
    :raises ProtocolError: ``call_unknown`` if the call is over.
    """
    call = Call.objects.unended().filter(id=call_id)
    is_ours = call.filter(bot_channel=before).update(bot_channel=channel, lease_until=a_lease())
    found = call.values_list("bot_channel", "voice").first()
    if found is None:
        raise _over()
    return Given(found[0], cast(Voice, found[1]) if is_ours else None)


def _over() -> ProtocolError:
    return ProtocolError("call_unknown", "this call is over")
