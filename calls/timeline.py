"""A call's timeline: what happened to it, in order, as the page, the socket and the bot saw it."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from wire.page import ReportedEvent
from wire.states import LIVE, CallState

from .models import Call, CallEvent

Detail = Mapping[str, Any]

# A page that reports without end must not fill the disk.
MAX_EVENTS_PER_CALL = 2_000
MAX_CLOCK_ERROR_S = 86_400


def append(call_id: uuid.UUID, author: CallEvent.Author, kind: str, detail: Detail) -> None:
    CallEvent.objects.create(
        call_id=call_id, at=timezone.now(), author=author, kind=kind, detail=dict(detail)
    )


def append_reported(call_id: uuid.UUID, events: Iterable[ReportedEvent]) -> None:
    """Store the events that the page reports, at the page's own times."""
    room = MAX_EVENTS_PER_CALL - CallEvent.objects.filter(call_id=call_id).count()
    CallEvent.objects.bulk_create(
        CallEvent(
            call_id=call_id,
            at=_page_time(event.at),
            author=CallEvent.Author.PAGE,
            kind=event.kind,
            detail=event.detail,
        )
        for event in list(events)[: max(0, room)]
    )


def _page_time(epoch_ms: int) -> datetime:
    """The page's time, or ours if the page's clock is more than a day off."""
    now = timezone.now()
    try:
        at = datetime.fromtimestamp(epoch_ms / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return now
    return at if abs((at - now).total_seconds()) < MAX_CLOCK_ERROR_S else now


def move(call_id: uuid.UUID, state: CallState, reason: str = "") -> bool:
    """Move a live call to ``state``. Returns False if the call has ended: an end is final."""
    changes: dict[str, Any] = {"state": state, "reason": reason}
    if state not in LIVE:
        changes["ended_at"] = timezone.now()
    return Call.objects.live().filter(id=call_id).update(**changes) == 1


def end_all_live(reason: str) -> int:
    """End the calls that a stopped or crashed server left behind. Returns how many there were."""
    return Call.objects.live().update(
        state=CallState.FAILED, reason=reason, ended_at=timezone.now()
    )
