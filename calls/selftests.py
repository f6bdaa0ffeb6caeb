"""Keeps the reports of self-tests, under codes that can be read out on the telephone."""

from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import get_random_string

from wire.selftest import SelfTestReport

from .models import SelfTest

KEPT = timedelta(days=30)
MAX_KEPT = 10_000
"""The oldest are deleted first, so that a flood of reports cannot fill the disk."""
CODE_CHARS = 6
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""It has no letters and digits that look alike."""


async def keep(report: SelfTestReport) -> str:
    """Store a report, and delete those that are too old or too many.

    :returns: the code of the report.
    """
    await SelfTest.objects.filter(at__lt=timezone.now() - KEPT).adelete()
    oldest = SelfTest.objects.order_by("-at").values("pk")[MAX_KEPT - 1 :]
    await SelfTest.objects.filter(pk__in=[row["pk"] async for row in oldest]).adelete()
    code = get_random_string(CODE_CHARS, ALPHABET)
    await SelfTest.objects.acreate(code=code, report=report.model_dump(mode="json"))
    return code


def find(code: str) -> SelfTest:
    """Look a report up.

    :param code: the code as a person wrote it down: dashes, spaces and small letters are fine.
    :raises SelfTest.DoesNotExist: no report has this code.
    """
    return SelfTest.objects.get(pk=code.replace("-", "").replace(" ", "").upper())
