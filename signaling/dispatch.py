"""Which worker takes a call, and whether there is room for it."""

import uuid

from django.conf import settings
from django.db import transaction

from calls.labels import SELF_TEST
from calls.models import Call
from wire.protocol import ProtocolError, Voice
from wire.states import LIVE

EMBEDDED_WORKER = "bot.embedded"
AT_ONCE = 5
"""Calls of one self-test: each way at the same time."""


def admit(call_id: uuid.UUID, voice: Voice, source: str = "") -> Call:
    """Make the call's row if there is room and its ticket is unused.

    Load is counted from the rows themselves, inside the transaction that adds one: two offers at
    once cannot both take the last place.

    Self-tests take no more than half of the lines, as people wait; but one may always run.

    :raises ProtocolError: ``busy`` or ``ticket_used``.
    """
    with transaction.atomic():
        if Call.objects.filter(id=call_id).exists():
            raise ProtocolError("ticket_used", "this ticket has had its call", retryable=True)
        live = Call.objects.filter(state__in=LIVE)
        tests = live.filter(source=SELF_TEST) if source == SELF_TEST else live.none()
        lines = settings.VOICEDEMO_MAX_CALLS
        if live.count() >= lines or tests.count() >= max(AT_ONCE, lines // 2):
            raise ProtocolError("busy", "every line is taken", retryable=True)
        return Call.objects.create(id=call_id, voice=voice, source=source, worker=EMBEDDED_WORKER)


def worker_of(call_id: uuid.UUID) -> str:
    """The channel of the worker that has this call.

    :raises ProtocolError: ``call_unknown`` where the call is over, or never was.
    """
    worker = Call.objects.filter(id=call_id, state__in=LIVE).values_list("worker", flat=True)
    if not worker:
        raise ProtocolError("call_unknown", "this call is over")
    return worker[0]
