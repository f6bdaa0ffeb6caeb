from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from calls import labels
from pages.stand import views as stand


class Command(BaseCommand):
    help = "The links of a stand: what its screen shows, and what is printed on its posters."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label", help='who came from where: "Web Summit, hall 4"')
        parser.add_argument("--poster", type=Path, help="write the QR code here: .svg, .pdf, .png")

    def handle(self, *args: Any, label: str, poster: Path | None, **options: Any) -> None:
        try:
            token = labels.sign(label)
        except ValueError as exc:
            raise CommandError(str(exc)) from None
        if not (url := stand.address(stand.link(token))).startswith("http"):
            raise CommandError("set VOICEDEMO_PUBLIC_URL: a poster needs an address for good")
        self.stdout.write(f"screen  {stand.address(reverse('stand', args=[token]))}")
        self.stdout.write(f"poster  {url}")
        if poster is not None:
            try:
                stand.code(url).save(str(poster), scale=10)
            except (OSError, ValueError) as exc:
                raise CommandError(str(exc)) from None
            self.stdout.write(f"        {poster}")
