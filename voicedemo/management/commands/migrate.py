from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from django.core.management.commands import migrate
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from voicedemo.claim import Claim

LOCK = "migrating"


class Command(migrate.Command):
    """Django's, one at a time: what starts a server may run it on every machine at once."""

    def handle(self, *args: Any, **options: Any) -> None:
        with _alone(connections[options["database"]]):
            super().handle(*args, **options)


def _alone(connection: BaseDatabaseWrapper) -> AbstractContextManager[None]:
    """Wait until no other process migrates this database. A process that dies holds up nobody."""
    if connection.vendor == "postgresql":
        return _advisory_lock(connection)
    database = Path(connection.settings_dict["NAME"])
    # The settings have made the file. One in memory has none, and no other process either.
    if connection.vendor == "sqlite" and database.is_file():
        return _lock_file(database)
    return nullcontext()


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    with connection.cursor() as cursor:
        # We wait for the other process however long it takes. Our own statements then wait for
        # locks no longer than the settings say.
        cursor.execute("set lock_timeout = 0")
        cursor.execute("select pg_advisory_lock(%s)", [crc32(LOCK.encode())])
        cursor.execute("reset lock_timeout")
    try:
        yield
    finally:
        # A connection that was lost has taken the lock with it.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [crc32(LOCK.encode())])


@contextmanager
def _lock_file(database: Path) -> Iterator[None]:
    """A lock beside the file of an SQLite database. Its own lock begins too late: each process has
    decided what to do before it takes that.
    """
    claim = Claim(database.parent, f"{database.name}.{LOCK}")
    try:
        if not claim.is_mine:
            claim.wait()
        yield
    finally:
        claim.give_back()
