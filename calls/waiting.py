"""The callers who wait for a free line, the one who has waited longest first.

All times are those of the database, so that servers with different clocks agree.
"""

import uuid
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from wire.errors import ProtocolError

from . import locks, tickets
from .models import Call, Waiting

WAITS = timedelta(seconds=10)
"""A caller whose server has renewed nothing for so long is passed over."""
FORGOTTEN_AFTER = timedelta(seconds=30)
"""Until then such a caller gets the old place back: its phone changed networks, or the database
was away."""
ENTERS = timedelta(seconds=10)
"""Who is let in offers a call within a round trip. After this the place goes to the next one."""
RENEWED_EVERY_S = 3.0
NETWORK_SHARE = 0.25
"""One network's share of the places."""
NETWORK_PLACES = 10
"""One network may have as many where there are few."""


def join(call_id: uuid.UUID, network: str, *, is_fresh: bool, found_no_line: bool = False) -> int:
    """Give a caller a place, or the one that it has already.

    :param call_id: of its ticket.
    :param network: the key of its network (:func:`signaling.networks.key`).
    :param is_fresh: whether its ticket still opens calls.
    :param found_no_line: whether it came with an offer, and there was no line for it. Otherwise a
        caller that was let in before has no more time to come than it had.
    :returns: the place; 1 is the next one.
    :raises ProtocolError: ``busy`` or ``network_busy`` if too many wait already; ``ticket_used``;
        ``ticket_expired`` if the caller has no place yet.
    """
    with transaction.atomic():
        locks.hold("admission")
        if Call.objects.filter(id=call_id).exists():
            raise ProtocolError("ticket_used", "this ticket was used: get another", retryable=True)
        mine = Waiting.objects.filter(id=call_id)
        if found_no_line:
            mine.update(enters_until=None)
        Waiting.objects.filter(
            Q(until__lt=Now() - FORGOTTEN_AFTER) | Q(enters_until__lt=Now())
        ).delete()
        if not mine.update(until=Now() + WAITS):
            _add(call_id, network, is_fresh=is_fresh)
        return places().index(call_id) + 1


def renew(call_ids: Collection[uuid.UUID]) -> None:
    """Keep the places of these callers, also if they were passed over for a while."""
    Waiting.objects.filter(id__in=call_ids).update(until=Now() + WAITS)


def let_in(call_id: uuid.UUID) -> None:
    """The caller is told that there is a line, and has so long to come (:data:`ENTERS`)."""
    Waiting.objects.filter(id=call_id, enters_until=None).update(enters_until=Now() + ENTERS)


def places() -> list[uuid.UUID]:
    """All who wait, the next one first."""
    may_come = Q(enters_until=None) | Q(enters_until__gt=Now())
    waiting = Waiting.objects.filter(may_come, until__gt=Now()).order_by("since", "id")
    return list(waiting.values_list("id", flat=True))


def ahead_of(call_id: uuid.UUID) -> int:
    """How many callers come before this one, who may have no place."""
    all_places = places()
    return all_places.index(call_id) if call_id in all_places else len(all_places)


def leave(call_id: uuid.UUID) -> None:
    """Take a caller's place away."""
    Waiting.objects.filter(id=call_id).delete()


def _add(call_id: uuid.UUID, network: str, *, is_fresh: bool) -> None:
    if not is_fresh:
        raise tickets.expired()
    most = settings.VOICEDEMO_MAX_WAITING
    if Waiting.objects.count() >= most:
        raise ProtocolError("busy", "every line is taken, and many wait already", retryable=True)
    here = Waiting.objects.filter(network=network).count()
    if here >= max(NETWORK_PLACES, int(most * NETWORK_SHARE)):
        raise ProtocolError("network_busy", "too many of your network wait", retryable=True)
    Waiting.objects.create(id=call_id, network=network, since=Now(), until=Now() + WAITS)
