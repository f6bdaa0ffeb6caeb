import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls import selftests
from calls.models import SelfTest
from wire.findings import Status
from wire.reasons import Reason
from wire.selftest_sentences import TITLES, VERDICTS, Sentence, sentence_for

Row = Mapping[str, Any]


class Command(BaseCommand):
    help = (
        "Print the report of a self-test at /check/, by the code for support that the page shows."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code")

    def handle(self, *args: Any, code: str, **options: Any) -> None:
        try:
            found = selftests.find(code)
        except SelfTest.DoesNotExist:
            days = settings.VOICEDEMO_KEEP_DAYS
            raise CommandError(f"no report has this code: they are kept for {days} days") from None
        report, reasons = found.report, _reasons()
        verdict = report["verdict"]
        told = VERDICTS.get(verdict) or reasons.get(verdict) or Sentence("")
        self.stdout.write(f"{found.at:%Y-%m-%d %H:%M} UTC: {told.sentence} ({verdict})")
        self._step(told.next_step)
        # Anybody may have written a report. JSON escapes what a terminal would obey.
        self.stdout.write(json.dumps(report["user_agent"]))
        for row in report["rows"]:
            self._row(row, reasons)

    def _row(self, row: Row, reasons: Mapping[str, Sentence]) -> None:
        found, data = row["found"], row["data"]
        told = sentence_for(found, row["status"], is_elsewhere=data.get("isElsewhere") is True)
        told = told or reasons.get(found) or Sentence("")
        title = TITLES.get(row["name"], row["name"])
        sentence = _filled(told.sentence, data)
        self.stdout.write(f"{Status(row['status']).mark} {title}: {sentence} ({found})")
        self._step(told.next_step)
        if data:
            self.stdout.write(f"    {json.dumps(data)}")

    def _step(self, text: str) -> None:
        if text:
            self.stdout.write(f"  → {text}")


def _filled(sentence: str, data: Row) -> str:
    """Fill in a row's numbers. A value that is not a number becomes ``?``."""

    def value(name: re.Match[str]) -> str:
        number = data.get(name[1])
        return f"{number:g}" if isinstance(number, int | float) else "?"

    return re.sub(r"\{(\w+)\}", value, sentence)


def _reasons() -> dict[str, Sentence]:
    """The sentences that self-tests share with failed calls, by code."""
    return {
        reason.code: Sentence(reason.value.sentence, reason.value.next_step) for reason in Reason
    }
