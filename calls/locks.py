from zlib import crc32

from django.db import connection


def hold(name: str) -> None:
    """Wait until no other transaction holds the lock of this name, and hold it until ours ends.

    SQLite needs none: it has one writer, and our transactions begin as writers
    (``transaction_mode`` in the settings).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [crc32(name.encode())])
