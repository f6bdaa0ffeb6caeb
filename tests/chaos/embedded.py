"""The one process of ``manage.py serve``, with SQLite."""

import errno
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.server import Server

from .system import SETTINGS, Web

CHUNK: Final = bytes(64 * 1024)


class Embedded:
    """The process, and what its database says.

    :param folder: for its data. It may be a small file system.
    :param log: the file for what it logs.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        prefix = ["sh", "-c", 'exec "$@" 2>>"$0"', str(log)]
        settings = {**SETTINGS, "REDIS_URL": "", "DATABASE_URL": ""}
        self.web = Web(Server.start(folder, prefix=prefix, **settings), log)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that every writer needs."""
        with closing(sqlite3.connect(self._database, isolation_level=None)) as database:
            database.execute("begin immediate")
            yield
            database.execute("rollback")

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill the file system."""
        filler = self._folder / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(CHUNK)
            except OSError as exc:
                assert exc.errno == errno.ENOSPC
        yield
        filler.unlink()

    async def calls(self) -> Counter[tuple[str, str]]:
        """How many rows there are, by state and reason."""
        with closing(sqlite3.connect(self._database)) as database:
            rows = database.execute("select state, reason, count(*) from calls_call group by 1, 2")
            return Counter({(state, reason): count for state, reason, count in rows})

    async def reports(self) -> int:
        """How many events of the callers' are in the timelines."""
        with closing(sqlite3.connect(self._database)) as database:
            query = "select count(*) from calls_callevent where author = 'page'"
            ((count,),) = database.execute(query)
        return int(count)

    def stop(self) -> None:
        self.web.kill()
        assert self.web.process.stdout
        self.web.process.stdout.close()

    @property
    def _database(self) -> Path:
        return self._folder / "db.sqlite3"
