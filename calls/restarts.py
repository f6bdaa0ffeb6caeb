"""What became of each ICE restart of a call: a path, or none."""

from collections.abc import Sequence
from datetime import datetime

from .models import CallEvent


def outcomes(events: Sequence[CallEvent]) -> dict[int, float | None]:
    """Seconds from each restart to the first packet that the bot sends on its path.

    :param events: the call's timeline, in order.
    :returns: by the id of the event ``restart``; ``None`` if the restart brought no path.
    """
    found: dict[int, float | None] = {}
    waiting: dict[object, tuple[int, datetime]] = {}
    """The restarts that have no path yet, by generation, with their ids and times."""
    for event in events:
        generation = event.detail.get("generation")
        if (event.author, event.kind) == (CallEvent.Author.PAGE, "restart"):
            found[event.pk] = None
            waiting[generation] = (event.pk, event.at)
        elif (event.author, event.kind) == (CallEvent.Author.BOT, "path"):
            restart, at = waiting.pop(generation, (None, event.at))
            if restart is not None:
                found[restart] = (event.at - at).total_seconds()
    return found
