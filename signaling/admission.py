"""Decides whether another call may begin."""

import uuid
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from calls import locks, waiting
from calls.labels import SELF_TEST
from calls.leases import a_lease
from calls.models import Call
from wire.constants import SELFTEST_CALLS, Voice
from wire.errors import ProtocolError
from wire.states import CallState

NETWORK_SHARE = 0.8
"""One network's share of the lines. With 50 lines, 40 phones behind one address can talk at once,
and ten lines are left for everybody else."""
NETWORK_LINES = 8
"""One network may have as many lines on a small server too."""
CONNECTING_SHARE = 0.25
"""The share of the lines that one network's calls may have before they are connected. An honest
call connects within a second in most networks; one that never does holds its line for many."""
NETWORK_CONNECTING = 10
"""One network may connect as many at once on a small server too: two self-tests."""


def admit(
    call_id: uuid.UUID, voice: Voice, label: str, bot_channel: str, *, network: str, nonce: str
) -> None:
    """Make the call's row if its ticket is unused and a line is free.

    The load is counted from the rows themselves, inside the transaction that adds one, so two
    offers at once cannot both take the last line. Self-tests take at most half of the lines,
    because people wait for them; one self-test may always run. Nobody overtakes those who wait
    (:mod:`calls.waiting`); one who does and gets a line waits no more.

    :param label: what the caller's link says of them; ``SELF_TEST`` for a self-test's call.
    :param network: the key of the caller's network (:func:`signaling.networks.key`).
    :param nonce: of the socket that opens the call (:func:`calls.tickets.token_for`).
    :raises ProtocolError: ``busy``, ``network_busy`` or ``ticket_used``.
    """
    with transaction.atomic():
        locks.hold("admission")
        if Call.objects.filter(id=call_id).exists():
            raise ProtocolError("ticket_used", "this ticket was used: get another", retryable=True)
        taken = _taken(network)
        lines = settings.VOICEDEMO_MAX_CALLS
        is_test_too_many = label == SELF_TEST and taken["tests"] >= max(SELFTEST_CALLS, lines // 2)
        is_full = taken["all"] + waiting.ahead_of(call_id) >= lines
        if is_full or is_test_too_many:
            raise ProtocolError("busy", "every line is taken", retryable=True)
        if _is_network_full(taken, lines):
            raise ProtocolError("network_busy", "too many calls of your network", retryable=True)
        Call.objects.create(
            id=call_id,
            voice=voice,
            label=label,
            bot_channel=bot_channel,
            network=network,
            resume_nonce=nonce,
            lease_until=a_lease(),
        )
        waiting.leave(call_id)


def free_lines() -> int:
    return max(0, settings.VOICEDEMO_MAX_CALLS - Call.objects.live().count())


def _taken(network: str) -> Mapping[str, int]:
    """Count the lines that are taken: by all, by self-tests, and by one network."""
    ours = Q(network=network)
    return Call.objects.live().aggregate(
        all=Count("pk"),
        tests=Count("pk", filter=Q(label=SELF_TEST)),
        here=Count("pk", filter=ours),
        connecting_here=Count("pk", filter=ours & Q(state=CallState.CONNECTING)),
    )


def _is_network_full(taken: Mapping[str, int], lines: int) -> bool:
    most = max(NETWORK_LINES, int(lines * NETWORK_SHARE))
    connecting = max(NETWORK_CONNECTING, int(lines * CONNECTING_SHARE))
    return taken["here"] >= most or taken["connecting_here"] >= connecting
