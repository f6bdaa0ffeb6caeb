"""Decides whether another call may begin."""

import uuid

from django.conf import settings
from django.db import transaction

from calls.labels import SELF_TEST
from calls.models import Call
from wire.constants import SELFTEST_CALLS, Voice
from wire.errors import ProtocolError


def admit(call_id: uuid.UUID, voice: Voice, label: str, bot_channel: str) -> None:
    """Make the call's row if its ticket is unused and a line is free.

    The load is counted from the rows themselves, inside the transaction that adds one, so two
    offers at once cannot both take the last line. Self-tests take at most half of the lines,
    because people wait for them; one self-test may always run.

    :param label: what the caller's link says of them; ``SELF_TEST`` for a self-test's call.
    :raises ProtocolError: ``busy`` or ``ticket_used``.
    """
    with transaction.atomic():
        if Call.objects.filter(id=call_id).exists():
            raise ProtocolError("ticket_used", "this ticket was used: get another", retryable=True)
        live = Call.objects.live()
        tests = live.filter(label=SELF_TEST) if label == SELF_TEST else live.none()
        lines = settings.VOICEDEMO_MAX_CALLS
        if live.count() >= lines or tests.count() >= max(SELFTEST_CALLS, lines // 2):
            raise ProtocolError("busy", "every line is taken", retryable=True)
        Call.objects.create(id=call_id, voice=voice, label=label, bot_channel=bot_channel)


async def free_lines() -> int:
    return max(0, settings.VOICEDEMO_MAX_CALLS - await Call.objects.live().acount())
