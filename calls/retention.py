"""Deletes calls and self-tests that are old, and the oldest calls if there is too much of them."""

import time
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from wire.states import LIVE

from .models import Call, CallEvent, SelfTest

MAX_EVENTS = 1_000_000
"""Events of all calls. Beyond it the oldest calls are deleted before their time, so that strangers
cannot fill the disk."""
BATCH = 20
"""Calls that are deleted at a time. Live calls write in between."""
PAUSE_S = 0.05


def prune() -> tuple[int, int]:
    """Delete what is older than ``VOICEDEMO_KEEP_DAYS``, and then what is too much.

    :returns: how many calls and how many self-tests there were.
    """
    before = timezone.now() - timedelta(days=settings.VOICEDEMO_KEEP_DAYS)
    ended = Call.objects.exclude(state__in=LIVE).order_by("created_at")
    calls = 0
    while deleted := _delete(ended.filter(created_at__lt=before)):
        calls += deleted
    while CallEvent.objects.count() > MAX_EVENTS and (deleted := _delete(ended)):
        calls += deleted
    tests, _ = SelfTest.objects.filter(at__lt=before).delete()
    return calls, tests


def _delete(calls: QuerySet[Call]) -> int:
    """Delete some of these calls with all that belongs to them. Returns how many."""
    ids = list(calls.values_list("pk", flat=True)[:BATCH])
    Call.objects.filter(pk__in=ids).delete()
    time.sleep(PAUSE_S)
    return len(ids)
