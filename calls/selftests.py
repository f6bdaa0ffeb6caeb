"""Reports of self-tests, kept under a code that can be read out on the telephone."""

from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import get_random_string

from wire.selftest import SelfTestReport

from .models import SelfTest

KEPT = timedelta(days=30)
MAX_KEPT = 10_000
"""The oldest go first: whoever floods us with reports does not fill the disk."""
CODE_CHARS = 6
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that look alike."""


async def keep(report: SelfTestReport) -> str:
    """Store a report, and forget those that have had their time.

    :returns: its code.
    """
    await SelfTest.objects.filter(at__lt=timezone.now() - KEPT).adelete()
    oldest = SelfTest.objects.order_by("-at").values("pk")[MAX_KEPT - 1 :]
    await SelfTest.objects.filter(pk__in=[row["pk"] async for row in oldest]).adelete()
    code = get_random_string(CODE_CHARS, ALPHABET)
    await SelfTest.objects.acreate(code=code, report=report.model_dump(mode="json"))
    return code


def find(code: str) -> SelfTest:
    """:param code: as somebody may have written it down, with a dash and in small letters.

    :raises SelfTest.DoesNotExist: where there is none.
    """
    return SelfTest.objects.get(pk=code.replace("-", "").replace(" ", "").upper())
