from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from calls import retention


class Command(BaseCommand):
    help = (
        "Delete calls and self-tests that are older than VOICEDEMO_KEEP_DAYS. A running server "
        "does so every hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        calls, tests = retention.prune()
        days = settings.VOICEDEMO_KEEP_DAYS
        self.stdout.write(f"{calls} calls and {tests} self-tests deleted; {days} days are kept")
