import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from wire.states import LIVE, CallState

LEASE = timedelta(seconds=30)
"""A call's row counts for this long after its worker last renewed it (:mod:`calls.leases`). A
worker may miss two renewals."""
NETWORK_CHARS = 32


def _lease() -> datetime:
    return timezone.now() + LEASE


class CallQuerySet(models.QuerySet["Call"]):
    def unended(self) -> Self:
        """The calls whose end has not been written down."""
        return self.filter(state__in=LIVE)

    def live(self) -> Self:
        """The calls that are connecting, connected or recovering, and have a worker."""
        return self.unended().filter(lease_until__gt=Now())


class Call(models.Model):
    """One call, from its first offer to its end. Its id is that of the ticket that admitted it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(
        max_length=16,
        choices=[(state.value, state.value) for state in CallState],
        default=CallState.CONNECTING,
    )
    reason = models.CharField(max_length=40, blank=True)
    voice = models.CharField(max_length=16)
    bot_channel = models.CharField(max_length=100)
    """The channel of the worker whose bot takes part in the call."""
    is_taken = models.BooleanField(default=False, db_default=False)
    """Whether that worker has the call. Otherwise it was offered the call, and may be too slow."""
    resume_nonce = models.CharField(max_length=22, blank=True)
    """The nonce of the socket that opened the call (:func:`calls.tickets.token_for`)."""
    label = models.CharField(max_length=60, blank=True)
    """The label of the link the visitor came by (:mod:`calls.labels`); empty without one."""
    network = models.CharField(max_length=NETWORK_CHARS, blank=True)
    """The key of the caller's network (``signaling.networks.key``): a keyed hash of the address."""
    lease_until = models.DateTimeField(default=_lease)
    """Until when the call takes a line. A worker that has died renews nothing, and so a record that
    was lost keeps no line."""
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state"], name="calls_call_state"),
            models.Index(fields=["label", "created_at"], name="calls_call_label"),
            models.Index(fields=["created_at"], name="calls_call_created"),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class Waiting(models.Model):
    """A caller who waits for a free line (:mod:`calls.waiting`). The id is that of the ticket."""

    id = models.UUIDField(primary_key=True, editable=False)
    network = models.CharField(max_length=NETWORK_CHARS, blank=True)
    """As in :class:`Call`."""
    since = models.DateTimeField()
    until = models.DateTimeField()
    """The server renews this while the caller's socket is open."""
    enters_until = models.DateTimeField(null=True)
    """Once it is let in: after this its place is the next one's."""

    def __str__(self) -> str:
        return f"{self.id} since {self.since:%H:%M:%S}"


class CallEvent(models.Model):
    """One line of a call's timeline."""

    class Author(models.TextChoices):
        PAGE = "page"
        SOCKET = "socket"
        BOT = "bot"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    author = models.CharField(max_length=8, choices=Author.choices)
    kind = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S.%f} {self.author} {self.kind}"


class RelayUse(models.Model):
    """The traffic of one side of a call through one TURN provider, both ways."""

    class Side(models.TextChoices):
        PAGE = "page"
        BOT = "bot"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="relay_use")
    side = models.CharField(max_length=8, choices=Side.choices)
    provider = models.CharField(max_length=20)
    protocol = models.CharField(max_length=4)
    bytes = models.BigIntegerField(default=0)
    ms = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["call", "side", "provider", "protocol"], name="calls_relay_use_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.side}: {self.bytes} bytes over {self.provider}"


class SelfTest(models.Model):
    """The report of one self-test (``/check/``)."""

    code = models.CharField(max_length=8, primary_key=True)
    """The person reads it out to support."""
    at = models.DateTimeField(default=timezone.now)
    network = models.CharField(max_length=NETWORK_CHARS, blank=True)
    """As in :class:`Call`."""
    report = models.JSONField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["at"], name="calls_selftest_at"),
            models.Index(fields=["network", "at"], name="calls_selftest_network"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.report['verdict']}"
