"""The costs of relaying: bytes and minutes over TURN, by call, provider and protocol."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from . import metrics
from .models import Call, RelayUse

GB = 1e9
"""Providers bill decimal gigabytes."""
MAX_BYTES_PER_S = 50_000
"""More than a page is believed. Opus at 40 kbit/s takes about 15,000 in both
directions, with the headers of its packets."""
EARLY_S = 10.0
"""A page's first report may be about a little more time than its call has lasted."""


def add(
    call_id: uuid.UUID, side: RelayUse.Side, provider: str, protocol: str, count: int, ms: int
) -> None:
    """Book the relayed traffic of one side of a call.

    The metric counts it when the transaction is complete.

    :param provider: the name of the provider whose TURN server relayed it.
    :param count: bytes, both ways.
    :param ms: how long they took, from the first packet to the last.
    """
    use, _ = RelayUse.objects.get_or_create(
        call_id=call_id, side=side, provider=provider, protocol=protocol
    )
    RelayUse.objects.filter(pk=use.pk).update(bytes=F("bytes") + count, ms=F("ms") + ms)
    transaction.on_commit(lambda: metrics.relayed(provider, protocol, count))


def add_reported(call_id: uuid.UUID, provider: str, protocol: str, count: int, ms: int) -> None:
    """Book what a page says of its relayed traffic, as far as its call can have made so much.

    It remains the page's own word: the bill shows an estimate, which no page can drive far.
    """
    reported = RelayUse.objects.filter(call_id=call_id, side=RelayUse.Side.PAGE)
    booked = reported.aggregate(bytes=Coalesce(Sum("bytes"), 0), ms=Coalesce(Sum("ms"), 0))
    began = Call.objects.values_list("created_at", flat=True).get(id=call_id)
    elapsed_s = (timezone.now() - began).total_seconds() + EARLY_S
    count = min(count, int(elapsed_s * MAX_BYTES_PER_S) - booked["bytes"])
    ms = min(ms, int(elapsed_s * 1000) - booked["ms"])
    if count > 0:
        add(call_id, RelayUse.Side.PAGE, provider, protocol, count, max(0, ms))


@dataclass(frozen=True)
class Line:
    provider: str
    protocol: str
    gigabytes: float
    minutes: float

    @property
    def price(self) -> float:
        return self.gigabytes * settings.VOICEDEMO_TURN_PRICE_PER_GB


@dataclass(frozen=True)
class Bill:
    """The costs of relaying in a period.

    :param minutes: the length of all calls, relayed or not.
    """

    minutes: float
    relayed_minutes: float
    lines: tuple[Line, ...]

    @property
    def share(self) -> float:
        """The share of the minutes that went over TURN, from 0 to 1."""
        return min(1.0, self.relayed_minutes / self.minutes) if self.minutes else 0.0

    @property
    def price(self) -> float:
        return sum(line.price for line in self.lines)


def bill(since: datetime) -> Bill:
    """Return the costs of the calls that began since then."""
    calls = Call.objects.filter(created_at__gte=since)
    lasted = calls.aggregate(all=Sum(Coalesce("ended_at", Now()) - F("created_at")))["all"]
    uses = RelayUse.objects.filter(call__in=calls)
    page_ms = uses.filter(side=RelayUse.Side.PAGE).aggregate(all=Sum("ms"))["all"]
    grouped = uses.values("provider", "protocol").annotate(bytes=Sum("bytes"), ms=Sum("ms"))
    return Bill(
        minutes=lasted.total_seconds() / 60 if lasted else 0.0,
        relayed_minutes=(page_ms or 0) / 60_000,
        lines=tuple(
            Line(row["provider"], row["protocol"], row["bytes"] / GB, row["ms"] / 60_000)
            for row in grouped.order_by("provider", "protocol")
        ),
    )
