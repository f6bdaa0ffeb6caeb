"""Leases: a call's row counts while the worker that has the call renews it.

All times are those of the database, so that servers with different clocks agree.
"""

import uuid
from collections.abc import Collection
from datetime import timedelta

from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from wire.reasons import Reason
from wire.states import CallState

from . import metrics
from .models import LEASE, Call, CallQuerySet

RENEWED_EVERY_S = 10.0
ABANDONED_AFTER = timedelta(seconds=60)
"""A call's line is free when its lease has run out. Its row is ended this much later, because its
worker may be alive and have yet to write down the real end."""


def a_lease() -> CombinedExpression:
    """The end of a lease that begins now."""
    return Now() + LEASE


def take(call_id: uuid.UUID, worker: str) -> bool:
    """Take a call for the worker on this channel, which was offered it.

    :returns: False if the call is over, if another worker was offered it since, or if this one has
        taken it before.
    """
    offered = Call.objects.unended().filter(id=call_id, bot_channel=worker, is_taken=False)
    return offered.update(is_taken=True, lease_until=a_lease()) == 1


def renew(call_ids: Collection[uuid.UUID], worker: str) -> set[uuid.UUID]:
    """Renew the leases of these calls of the worker on this channel.

    Returns those that it has no more: another server gave them up, or another worker has them.

    A lease that has run out is renewed too. This machine may have been asleep.
    """
    if not call_ids:
        return set()
    unended = Call.objects.unended().filter(id__in=call_ids, bot_channel=worker)
    unended.update(lease_until=a_lease())
    return set(call_ids) - set(unended.values_list("id", flat=True))


def end_abandoned() -> int:
    """End the calls that nobody has renewed for long. Returns how many there were."""
    return _end(Call.objects.unended().filter(lease_until__lt=Now() - ABANDONED_AFTER))


def give_back_lines_of(bot_channel: str) -> int:
    """Give the lines of a dead worker's calls back. Returns how many there were.

    A page that comes back soon still finds its call, and takes it to another worker.
    """
    left_behind = Call.objects.live().filter(bot_channel=bot_channel)
    return left_behind.update(lease_until=Now()) if left_behind.exists() else 0


def _end(calls: CallQuerySet) -> int:
    """End these calls at the time when their worker last renewed them."""
    if not calls.exists():
        return 0  # an update would wait for the database's writers
    reason = Reason.SERVER_STOPPING.code
    ended_at = F("lease_until") - LEASE
    ended = calls.update(state=CallState.FAILED, reason=reason, ended_at=ended_at)
    metrics.call_ended(CallState.FAILED, reason, ended)
    return ended
