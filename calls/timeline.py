"""A call's timeline: what happened to it, in order, as the page, the socket and the bot saw it."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Sum, TextField
from django.db.models.functions import Cast, Length
from django.utils import timezone

from wire.page import ReportedEvent
from wire.states import LIVE, CallState

from . import metrics
from .models import Call, CallEvent

Detail = Mapping[str, Any]

DROPPED = "events-dropped"
"""Says once in a timeline that it does not have everything."""
MAX_OF_A_KIND = 300
"""Events of one kind that the bot, or a socket, writes about a call. It has few kinds."""
MAX_REPORTED = 500
"""Events of a page in one call. Half an hour of heartbeats takes 90."""
MAX_REPORTED_OF_A_KIND = 150
MAX_REPORTED_CHARS = 128 * 1024
"""Their details in all, as JSON. The last message that is kept may go beyond it."""
MAX_CLOCK_ERROR_S = 86_400


class Room:
    """How much more one author may write into one timeline.

    :param of_a_kind: how many events of each kind.
    :param in_all: how many events of all kinds; ``None`` if the kinds are known and few.
    :param counts: how many of each kind there are already.
    """

    def __init__(
        self, of_a_kind: int, in_all: int | None = None, counts: Mapping[str, int] | None = None
    ) -> None:
        self._of_a_kind = of_a_kind
        self._in_all = in_all
        self._counts = Counter(counts or {})

    def take(self, kind: str) -> bool:
        """Take the room of one event. Returns False if there is none."""
        if self._counts[kind] >= self._of_a_kind:
            return False
        if self._in_all is not None and self._counts.total() >= self._in_all:
            return False
        self._counts[kind] += 1
        return True


def append(
    call_id: uuid.UUID,
    author: CallEvent.Author,
    kind: str,
    detail: Detail,
    at: datetime | None = None,
) -> None:
    """Add an event. ``at`` is when it happened; ``None`` for now."""
    CallEvent.objects.create(
        call_id=call_id, at=at or timezone.now(), author=author, kind=kind, detail=dict(detail)
    )


def append_by_socket(call_id: uuid.UUID, kind: str, detail: Detail) -> None:
    """Add an event that a socket saw, if there is room for another of its kind."""
    of_socket = CallEvent.objects.filter(call_id=call_id, author=CallEvent.Author.SOCKET)
    if of_socket.filter(kind=kind).count() < MAX_OF_A_KIND:
        append(call_id, CallEvent.Author.SOCKET, kind, detail)
    else:
        _dropped(call_id, 1)


def append_reported(call_id: uuid.UUID, events: Sequence[ReportedEvent]) -> None:
    """Store the events that the page reports, at the page's own times, as far as there is room."""
    reported = CallEvent.objects.filter(call_id=call_id, author=CallEvent.Author.PAGE)
    chars = Sum(Length(Cast("detail", TextField())))
    kinds = list(reported.values("kind").annotate(events=Count("pk"), chars=chars))
    counts = {row["kind"]: row["events"] for row in kinds}
    room = Room(MAX_REPORTED_OF_A_KIND, MAX_REPORTED, counts)
    is_full = sum(row["chars"] for row in kinds) >= MAX_REPORTED_CHARS
    kept = [event for event in events if not is_full and room.take(event.kind)]
    CallEvent.objects.bulk_create(_reported(call_id, event) for event in kept)
    if len(kept) < len(events):
        _dropped(call_id, len(events) - len(kept))


def _reported(call_id: uuid.UUID, event: ReportedEvent) -> CallEvent:
    return CallEvent(
        call_id=call_id,
        at=_page_time(event.at),
        author=CallEvent.Author.PAGE,
        kind=event.kind,
        detail=event.detail,
    )


def _page_time(epoch_ms: int) -> datetime:
    """The page's time, or ours if the page's clock is more than a day off."""
    now = timezone.now()
    try:
        at = datetime.fromtimestamp(epoch_ms / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return now
    return at if abs((at - now).total_seconds()) < MAX_CLOCK_ERROR_S else now


def _dropped(call_id: uuid.UUID, count: int) -> None:
    """Count events for which there was no room. The timeline says it once."""
    metrics.records_lost("capped", count)
    told = CallEvent.objects.filter(call_id=call_id, author=CallEvent.Author.SOCKET, kind=DROPPED)
    if not told.exists():
        append(call_id, CallEvent.Author.SOCKET, DROPPED, {})


def move(
    call_id: uuid.UUID,
    worker: str,
    state: CallState,
    reason: str = "",
    at: datetime | None = None,
) -> bool:
    """Move a call to ``state``.

    :param worker: the channel of the worker that says so.
    :returns: False if the call has ended, as an end is final, or if another worker has it.
    """
    changes: dict[str, Any] = {"state": state, "reason": reason}
    if state not in LIVE:
        changes["ended_at"] = at or timezone.now()
    mine = Call.objects.unended().filter(id=call_id, bot_channel=worker)
    return mine.update(**changes) == 1
