"""Finds calls for whoever helps: the newest ones, or one by the beginning of its id."""

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.db.models import Prefetch

from .events import plain
from .models import Call, CallEvent

HEX_DIGITS = 32
CHUNK = 200
"""Calls that are read at a time."""
WAYS = ("direct", "ice-tcp", "relay", "udp", "tcp", "tls")
MAX_LISTED = 5


class CallNotFoundError(Exception):
    """No call, or more than one, has an id that begins so. The message says what to do."""


def newest(
    limit: int,
    *,
    since: datetime | None = None,
    state: str | None = None,
    reason: str | None = None,
    stand: str | None = None,
    way: str | None = None,
) -> list[Call]:
    """The newest calls that fit, newest first.

    :param since: only calls that began after this time.
    :param stand: the label of the link that the visitor came by; empty for calls without one.
    :param way: one of ``WAYS``, as :func:`way_of` tells it; ``relay`` for any relay of the page.
    """
    calls = Call.objects.order_by("-created_at")
    if since is not None:
        calls = calls.filter(created_at__gt=since)
    if state is not None:
        calls = calls.filter(state=state)
    if reason is not None:
        calls = calls.filter(reason=reason)
    if stand is not None:
        calls = calls.filter(label=stand)
    pairs = CallEvent.objects.filter(kind__in=("pair", "path"))
    found = calls.prefetch_related(Prefetch("events", pairs, "pairs")).iterator(CHUNK)
    return list(islice(_on_way(found, way), limit))


def _on_way(calls: Iterator[Call], way: str | None) -> Iterator[Call]:
    for call in calls:
        found = way_of(call.pairs)  # type: ignore[attr-defined]  # prefetched
        if way in (None, found) or (way == "relay" and found in ("udp", "tcp", "tls")):
            yield call


def way_of(events: list[CallEvent]) -> str:
    """How the page last reached the bot: one of ``WAYS``; empty if the call never had a path.

    The bot's own relay does not count, as it is no business of the page.

    :param events: the call's timeline, or at least its events ``pair`` and ``path``.
    """
    pairs = [e for e in events if (e.author, e.kind) == (CallEvent.Author.PAGE, "pair")]
    if pairs:
        protocol = plain(pairs[-1].detail.get("protocol"))
        if plain(pairs[-1].detail.get("pair")).startswith("relay"):
            return protocol if protocol in WAYS else "relay"
        return "ice-tcp" if protocol == "tcp" else "direct"
    paths = [e for e in events if (e.author, e.kind) == (CallEvent.Author.BOT, "path")]
    if not paths:
        return ""
    if paths[-1].detail.get("remote") == "relay":
        return "relay"
    return "ice-tcp" if paths[-1].detail.get("transport") == "tcp" else "direct"


def by_prefix(text: str) -> Call:
    """The call whose id begins so, with or without hyphens.

    :raises CallNotFoundError: if there is none, or more than one.
    """
    digits = text.strip().lower().replace("-", "")
    if not re.fullmatch(r"[0-9a-f]{1,32}", digits):
        raise CallNotFoundError(
            f"{text!r} is not the beginning of a call's id, which has the digits 0-9 and a-f:"
            " `manage.py calls` lists them"
        )
    first, last = (uuid.UUID(digits.ljust(HEX_DIGITS, fill)) for fill in "0f")
    fitting = Call.objects.filter(id__gte=first, id__lte=last).order_by("-created_at")
    found = list(fitting[: MAX_LISTED + 1])
    if not found:
        raise CallNotFoundError(
            f"no call has an id that begins with {digits}: `manage.py calls` lists the newest,"
            " and old ones are deleted after VOICEDEMO_KEEP_DAYS"
        )
    if len(found) > 1:
        listed = "\n".join(f"  {c.id}  {c.created_at:%Y-%m-%d %H:%M:%S} UTC" for c in found)
        many = f"{MAX_LISTED} or more" if len(found) > MAX_LISTED else str(len(found))
        raise CallNotFoundError(f"{many} calls begin with {digits}; add more digits:\n{listed}")
    return found[0]
