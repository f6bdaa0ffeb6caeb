"""Keeps the reports of self-tests, under codes that can be read out on the telephone."""

from django.db.models import QuerySet
from django.utils.crypto import get_random_string

from wire.selftest import SelfTestReport

from .models import SelfTest

MAX_KEPT = 10_000
"""The oldest are deleted first, so that a flood of reports cannot fill the disk."""
MAX_OF_A_NETWORK = 200
"""The same within one network, which pushes out its own reports before those of others."""
CODE_CHARS = 6
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""It has no letters and digits that look alike."""


async def keep(report: SelfTestReport, *, network: str) -> str:
    """Store a report, and delete the oldest of those that are too many.

    :param network: the key of the network that the report came from.
    :returns: the code of the report.
    """
    await _make_room(SelfTest.objects.filter(network=network), MAX_OF_A_NETWORK)
    await _make_room(SelfTest.objects.all(), MAX_KEPT)
    code = get_random_string(CODE_CHARS, ALPHABET)
    kept = report.model_dump(mode="json")
    await SelfTest.objects.acreate(code=code, network=network, report=kept)
    return code


def find(code: str) -> SelfTest:
    """Look a report up.

    :param code: the code as a person wrote it down: dashes, spaces and small letters are fine.
    :raises SelfTest.DoesNotExist: no report has this code.
    """
    return SelfTest.objects.get(pk=code.replace("-", "").replace(" ", "").upper())


async def _make_room(reports: QuerySet[SelfTest], most: int) -> None:
    oldest = reports.order_by("-at").values("pk")[most - 1 :]
    await SelfTest.objects.filter(pk__in=[row["pk"] async for row in oldest]).adelete()
