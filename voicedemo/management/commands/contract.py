from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from wire import javascript


class Command(BaseCommand):
    help = "Write the page's copy of the protocol (types, constants, reasons) from wire/."

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = settings.BASE_DIR / "static" / "js" / "generated"
        folder.mkdir(exist_ok=True)
        for name, text in javascript.FILES.items():
            (folder / name).write_text(text())
            self.stdout.write(str(Path("static/js/generated") / name))
