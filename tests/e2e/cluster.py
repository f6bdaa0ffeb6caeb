"""A server with bot workers of its own, and a Redis between them."""

import os
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.redis import Redis

from .server import Server

WORKERS = 2


class Cluster:
    """`manage.py serve --workers`, its processes, and what its database says.

    :param folder: for the data of all processes.
    :param count: how many workers it has.
    :param prefix: arguments to put before the command of the web process.
    :param settings: as environment variables.
    """

    def __init__(
        self,
        folder: Path,
        count: int = WORKERS,
        /,
        *,
        prefix: Sequence[str] = (),
        **settings: str,
    ) -> None:
        self._folder = folder
        self._count = count
        self._prefix = prefix
        self._settings = settings
        self.redis = Redis(folder)
        self.server = self._start()

    def _start(self, *more: str) -> Server:
        command = ("serve", f"--workers={self._count}", *more)
        return Server.start(
            self._folder / "var",
            prefix=self._prefix,
            command=command,
            REDIS_URL=self.redis.url,
            **self._settings,
        )

    @property
    def url(self) -> str:
        return self.server.url

    def wait_for_workers(self) -> None:
        """Wait until all workers take calls."""
        assert self.server.wait_for_metric("voicedemo_workers", self._count, timeout_s=30)

    def workers(self) -> dict[str, int]:
        """The process ids of the workers, by channel."""
        return self._workers_by("--channel=")

    def workers_by_number(self) -> dict[int, int]:
        """The process ids of the workers, by the number of each on its machine."""
        return {int(number): pid for number, pid in self._workers_by("--number=").items()}

    def _workers_by(self, option: str) -> dict[str, int]:
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                arguments = (process / "cmdline").read_bytes().decode().split("\0")
                environment = (process / "environ").read_bytes().decode().split("\0")
                if "runbot" in arguments and f"REDIS_URL={self.redis.url}" in environment:
                    value = next(one for one in arguments if one.startswith(option))
                    found[value.removeprefix(option)] = int(process.name)
        return found

    def calls(self) -> list[tuple[str, str]]:
        """State and channel of each call, the latest first."""
        with closing(sqlite3.connect(self._folder / "var/db.sqlite3")) as database:
            rows = database.execute(
                "select state, bot_channel from calls_call order by created_at desc"
            )
            return rows.fetchall()

    def count_events(self, kind: str) -> int:
        """How many events of a kind the timelines of all calls have."""
        with closing(sqlite3.connect(self._folder / "var/db.sqlite3")) as database:
            query = "select count(*) from calls_callevent where kind = ?"
            count: int = database.execute(query, [kind]).fetchone()[0]
            return count

    def signal_worker_of_the_last_call(self, number: signal.Signals) -> int:
        """Returns the worker's process id."""
        process = self.workers()[self.calls()[0][1]]
        os.kill(process, number)
        return process

    def wake(self, process: int) -> None:
        os.kill(process, signal.SIGCONT)

    def kill_web_process(self) -> None:
        self.server.process.kill()
        self.server.exited(timeout_s=10)

    def start_web_process(self) -> None:
        """Start it again, at the same address."""
        self.server = self._start(f"--port={urlsplit(self.url).port}")

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        for process in self.workers().values():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        if self.server.process.poll() is None:
            self.server.stop()
        for process in self.workers().values():
            os.kill(process, signal.SIGKILL)
        self.redis.stop()
