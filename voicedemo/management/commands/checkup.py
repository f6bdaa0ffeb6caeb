import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls import selftests
from calls.models import SelfTest


class Command(BaseCommand):
    help = "What a page found out about its phone and network at /check/, by the code it shows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code")

    def handle(self, *args: Any, code: str, **options: Any) -> None:
        try:
            found = selftests.find(code)
        except SelfTest.DoesNotExist:
            days = selftests.KEPT.days
            raise CommandError(f"no report has this code; they are kept for {days} days") from None
        report = found.report
        self.stdout.write(f"{found.at:%Y-%m-%d %H:%M} UTC: {report['verdict']}")
        # Anybody may have written it: what a terminal would act on is spelled out.
        self.stdout.write(json.dumps(report["user_agent"]))
        for row in report["rows"]:
            line = f"  {row['status']:8} {row['name']:12} {row['found']}"
            self.stdout.write(f"{line}: {json.dumps(row['data'])}" if row["data"] else line)
