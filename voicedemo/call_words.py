"""Calls and their events as lines on a terminal, and as JSON."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from calls.events import plain, words
from calls.models import Call, CallEvent

SHORT_ID = 8
"""Digits of an id in a list. They name one call among many thousands."""


def facts(call: Call, way: str) -> dict[str, Any]:
    """A call for programs. Times are ISO 8601 in UTC, the length is in seconds."""
    return {
        "id": str(call.id),
        "created_at": call.created_at.isoformat(),
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
        "seconds": round(_seconds(call), 3),
        "state": call.state,
        "reason": call.reason,
        "way": way,
        "stand": call.label,
        "voice": call.voice,
    }


def event_facts(
    call: Call, event: CallEvent, outcomes: Mapping[int, float | None]
) -> dict[str, Any]:
    """An event for programs. ``ms`` counts from the call's start; it is negative before that.

    A restart has ``path_after_ms`` too, which is null if it brought no path.
    """
    told = {
        "at": event.at.isoformat(),
        "ms": round(1000 * _since_start(call, event)),
        "author": event.author,
        "kind": event.kind,
        "detail": event.detail,
    }
    if event.pk in outcomes:
        seconds = outcomes[event.pk]
        told["path_after_ms"] = None if seconds is None else round(1000 * seconds)
    return told


def line(call: Call, way: str) -> str:
    """A call in a list."""
    length = f"{_seconds(call):.0f} s"
    told = " ".join(filter(None, (call.state, call.reason, way, call.label)))
    return f"{call.id.hex[:SHORT_ID]}  {call.created_at:%m-%d %H:%M:%S}  {length:>6}  {plain(told)}"


def summary(call: Call, way: str) -> str:
    """The facts about one call in one line."""
    parts = (
        str(call.id),
        f"{call.created_at:%Y-%m-%d %H:%M:%S} UTC",
        f"{_seconds(call):.1f} s",
        f"{call.state} {call.reason}".strip(),
        f"way {way}" if way else "",
        f"stand {call.label}" if call.label else "",
        f"voice {call.voice}",
    )
    return plain(", ".join(filter(None, parts)))


def event_line(call: Call, event: CallEvent, outcomes: Mapping[int, float | None]) -> str:
    """An event with its seconds since the call's start, to the millisecond.

    :param outcomes: of the call's restarts (:func:`calls.restarts.outcomes`).
    """
    told = words(event.kind, event.detail)
    if event.pk in outcomes:
        seconds = outcomes[event.pk]
        told += ": no path" if seconds is None else f": a path after {seconds:.3f} s"
    return f"{_since_start(call, event):9.3f} {event.author:6} {told}"


def _seconds(call: Call) -> float:
    """How long the call lasted, or has lasted so far."""
    return ((call.ended_at or timezone.now()) - call.created_at).total_seconds()


def _since_start(call: Call, event: CallEvent) -> float:
    return (event.at - call.created_at).total_seconds()
