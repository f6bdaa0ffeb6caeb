from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from calls import relay_costs


class Command(BaseCommand):
    help = "Print what the relayed traffic of the last days has cost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=float, default=1.0)

    def handle(self, *args: Any, days: float, **options: Any) -> None:
        bill = relay_costs.bill(timezone.now() - timedelta(days=days))
        self.stdout.write(
            f"{bill.share:.0%} of {bill.minutes:.0f} minutes over TURN, {bill.price:.2f} $"
        )
        for line in bill.lines:
            self.stdout.write(
                f"  {line.provider:12} {line.protocol:4} {line.gigabytes:8.3f} GB"
                f" {line.minutes:8.1f} min {line.price:8.2f} $"
            )
