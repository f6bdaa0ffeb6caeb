import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from voicedemo.private_files import keep_from_others


class Command(BaseCommand):
    help = "Copy the SQLite database, and the key if it was made here. Calls go on meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", type=Path, help="gets a folder with the copies, named by time"
        )

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("The database is not SQLite. pg_dump copies a PostgreSQL.")
        copies = folder / f"{timezone.now():%Y-%m-%dT%H-%M-%SZ}"
        copies.mkdir(mode=0o700, parents=True)
        _copy_database(copies / "db.sqlite3")
        if settings.SECRET_KEY_IS_OWN:
            shutil.copy(Path(settings.VAR_DIR) / "secret_key", copies)
        self.stdout.write(str(copies))


def _copy_database(to: Path) -> None:
    """Copy what is committed. A copy of the file alone would lack its write-ahead log.

    Nobody who writes waits for this, and it waits for nobody.
    """
    keep_from_others(to)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(to)])
