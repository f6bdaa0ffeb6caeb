from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls import labels
from pages.stand import links

POSTERS_NEED = "set VOICEDEMO_PUBLIC_URL to the address that phones reach"


class Command(BaseCommand):
    help = "Print the links of a stand: for its screen, and for its posters."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label", help='the name of the stand: "Web Summit, hall 4"')
        parser.add_argument(
            "--poster", type=Path, help="write the QR code to this .svg, .pdf, .png"
        )

    def handle(self, *args: Any, label: str, poster: Path | None, **options: Any) -> None:
        try:
            token = labels.sign(label)
        except ValueError as exc:
            raise CommandError(str(exc)) from None
        if poster and not settings.VOICEDEMO_PUBLIC_URL:
            raise CommandError(f"{POSTERS_NEED}: a poster is printed once")
        local = f"http://localhost:{settings.PORT}" if settings.PORT else ""
        url = links.address(links.scanned(token), local)
        self.stdout.write(f"screen  {links.address(links.screen(token), local)}")
        self.stdout.write(f"poster  {url}")
        if poster:
            _save(url, poster)
            self.stdout.write(f"        {poster}")
        elif not settings.VOICEDEMO_PUBLIC_URL:
            self.stdout.write(f"\nBefore you print a poster, {POSTERS_NEED}.")


def _save(url: str, poster: Path) -> None:
    try:
        links.qr_code(url).save(str(poster), scale=10)
    except (OSError, ValueError) as exc:
        raise CommandError(str(exc)) from None
