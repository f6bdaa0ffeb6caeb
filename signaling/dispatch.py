"""Which worker takes a call, and which one has it."""

import uuid
from collections.abc import Collection
from typing import NamedTuple, cast

from django.db import transaction
from django.db.models import Q

from calls.leases import a_lease
from calls.models import Call, CallQuerySet
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


class Given(NamedTuple):
    """Which worker was given a call.

    :param channel: the worker's.
    :param voice: of the bot that the worker is to open the call with; None if it has taken the
        call.
    :param is_new: whether it was given to that worker just now.
    """

    channel: str
    voice: Voice | None
    is_new: bool = False


def holder(call_id: uuid.UUID, nonce: str) -> Given:
    """The worker that was given this call last. It may have died since.

    :param nonce: of the token that claims the call (:func:`calls.tickets.token_for`).
    :raises ProtocolError: ``call_unknown`` if the call is over or never was, or if the token is
        that of a socket that did not open it.
    """
    return _given(Call.objects.unended().filter(id=call_id, resume_nonce=nonce))


def give(call_id: uuid.UUID, before: str, channel: str) -> Given:
    """Give a call to the worker on ``channel``, unless somebody was first.

    :param before: the channel of the worker that had it.
    :returns: who was given it. That is another worker if somebody was first.
    :raises ProtocolError: ``call_unknown`` if the call is over.
    """
    return _hand_over(call_id, Q(bot_channel=before), channel)


def give_untaken(call_id: uuid.UUID, before: str, channel: str) -> Given:
    """The same, and nothing changes if the worker on ``before`` has taken the call."""
    return _hand_over(call_id, Q(bot_channel=before, is_taken=False), channel)


def _hand_over(call_id: uuid.UUID, condition: Q, channel: str) -> Given:
    call = Call.objects.unended().filter(id=call_id)
    with transaction.atomic():
        changed = call.filter(condition).update(
            bot_channel=channel, is_taken=False, lease_until=a_lease()
        )
        return _given(call)._replace(is_new=changed == 1)


def _given(call: CallQuerySet) -> Given:
    found = call.values_list("bot_channel", "voice", "is_taken").first()
    if found is None:
        raise _over()
    channel, voice, is_taken = found
    return Given(channel, None if is_taken else cast(Voice, voice))


def _over() -> ProtocolError:
    return ProtocolError("call_unknown", "this call is over")
