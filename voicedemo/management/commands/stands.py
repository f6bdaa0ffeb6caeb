from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Count, F, Sum
from django.utils import timezone

from calls.models import Call


class Command(BaseCommand):
    help = "Print how many calls came from each stand in the last days, and how long they lasted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=float, default=7.0)

    def handle(self, *args: Any, days: float, **options: Any) -> None:
        since = timezone.now() - timedelta(days=days)
        rows = (
            Call.objects.filter(created_at__gt=since)
            .values("label")
            .annotate(calls=Count("id"), talked=Sum(F("ended_at") - F("created_at")))
            .order_by("-calls")
        )
        for row in rows:
            minutes = (row["talked"] or timedelta()).total_seconds() / 60
            self.stdout.write(f"{row['calls']:6} calls {minutes:8.1f} min  {row['label'] or '-'}")
