from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from calls import events
from wire import javascript

MARK = "<!-- manage.py contract -->\n"
"""What follows it in ``docs/timeline.md`` is written by this command."""


class Command(BaseCommand):
    help = (
        "Write the page's copy of the protocol (types, constants, reasons) from wire/, and the"
        " table of docs/timeline.md from calls/events.py."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = settings.BASE_DIR / "static" / "js" / "generated"
        folder.mkdir(exist_ok=True)
        for name, text in javascript.FILES.items():
            (folder / name).write_text(text())
            self.stdout.write(str(Path("static/js/generated") / name))
        page: Path = settings.BASE_DIR / "docs" / "timeline.md"
        introduction, mark, _ = page.read_text().partition(MARK)
        page.write_text(introduction + mark + events.table())
        self.stdout.write("docs/timeline.md")
