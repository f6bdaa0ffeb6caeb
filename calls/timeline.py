"""A call's timeline: what happened to it, in order, as page, socket and bot saw it."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from wire.protocol import ReportedEvent
from wire.states import LIVE, CallState

from .models import Call, CallEvent

Detail = Mapping[str, Any]

# A page that reports without end must not fill the disk.
MAX_EVENTS_PER_CALL = 2_000


def append(call_id: uuid.UUID, source: CallEvent.Source, kind: str, detail: Detail) -> None:
    CallEvent.objects.create(
        call_id=call_id, at=timezone.now(), source=source, kind=kind, detail=dict(detail)
    )


def append_reported(call_id: uuid.UUID, events: Iterable[ReportedEvent]) -> None:
    """Store what the page reports, at the page's own times."""
    room = MAX_EVENTS_PER_CALL - CallEvent.objects.filter(call_id=call_id).count()
    CallEvent.objects.bulk_create(
        CallEvent(
            call_id=call_id,
            at=_page_time(event.at),
            source=CallEvent.Source.PAGE,
            kind=event.kind,
            detail=event.detail,
        )
        for event in list(events)[: max(0, room)]
    )


def _page_time(epoch_ms: int) -> datetime:
    """The page's clock, or ours where the page's is absurd."""
    now = timezone.now()
    try:
        at = datetime.fromtimestamp(epoch_ms / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return now
    return at if abs((at - now).total_seconds()) < 86_400 else now


def move(call_id: uuid.UUID, state: CallState, reason: str = "") -> bool:
    """Move a live call to ``state``. False where it has already ended: an end is final."""
    changes: dict[str, Any] = {"state": state, "reason": reason}
    if state not in LIVE:
        changes["ended_at"] = timezone.now()
    num_updated = Call.objects.filter(id=call_id, state__in=LIVE).update(**changes)
    return num_updated == 1


def end_all_live(reason: str) -> int:
    """End the calls a stopped or crashed server left behind. Returns how many there were."""
    return Call.objects.filter(state__in=LIVE).update(
        state=CallState.FAILED, reason=reason, ended_at=timezone.now()
    )
