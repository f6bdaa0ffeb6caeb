import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from wire.states import LIVE, CallState


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
    worker = models.CharField(max_length=100)
    source = models.CharField(max_length=60, blank=True)
    """Whence the person came: the label of a stand (:mod:`calls.labels`)."""
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state"], name="call_state"),
            models.Index(fields=["source", "created_at"], name="call_source"),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


class CallEvent(models.Model):
    """One line of a call's timeline, from the page, the socket or the bot."""

    class Source(models.TextChoices):
        PAGE = "page"
        SOCKET = "socket"
        BOT = "bot"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    source = models.CharField(max_length=8, choices=Source.choices)
    kind = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S.%f} {self.source} {self.kind}"


class RelayUse(models.Model):
    """What one side of a call sent and received through a TURN provider."""

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
                fields=["call", "side", "provider", "protocol"], name="relay_use_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.side}: {self.bytes} bytes over {self.provider}"


class Checkup(models.Model):
    """What a page found out about its phone and network at ``/check/``."""

    code = models.CharField(max_length=8, primary_key=True)
    """What the person reads out to support."""
    at = models.DateTimeField(default=timezone.now)
    report = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="checkup_at")]

    def __str__(self) -> str:
        return f"{self.code}: {self.report['verdict']}"
