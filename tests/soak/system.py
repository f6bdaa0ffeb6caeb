"""The server under the soak, and what its processes, its database and its Redis hold."""

import re
import sqlite3
import urllib.request
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis

from fleet import redis as fleet_keys
from fleet import redis_snapshots as snapshot_keys
from tests.chaos.system import SETTINGS
from tests.e2e.cluster import WORKERS, Cluster
from tests.e2e.server import open_files, resources
from tests.ports import free_port
from wire.states import LIVE

ASKED_S: Final = 10.0
WEB: Final = "web"
MAY_STAY: Final = {
    f"{fleet_keys.PREFIX}gone:": fleet_keys.GONE_S,
    snapshot_keys.PREFIX: snapshot_keys.KEPT_S,
}
"""What Redis keeps for a while after a worker has died: the start of the key, and its longest life
in seconds."""
_NAMED_BY: Final = re.compile(r"^(voicedemo:(?:fleet|shared):(?:[a-z]+:)*|voicedemo:?)")


@dataclass(frozen=True)
class Held:
    """What one process holds.

    :ivar memory_mb: its anonymous memory. What it maps of files does not count.
    :ivar files: its descriptors, without those of the two pools of connections that follow. These
        get larger when requests coincide, and stay.
    :ivar database: its descriptors of the database.
    :ivar redis: its connections to Redis.
    :ivar threads: without those of pools.
    """

    pid: int
    memory_mb: float
    files: int
    database: int
    redis: int
    threads: int
    tasks: int

    @property
    def counts(self) -> dict[str, int]:
        """What is the same whenever the process is at rest."""
        return {"files": self.files, "threads": self.threads, "tasks": self.tasks}


class System:
    """A process with pages, two bot workers, Redis and SQLite.

    :param folder: for their data, and for the log of all processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "server.log"
        self._metrics_port = free_port()
        self.cluster = Cluster(
            folder,
            prefix=["sh", "-c", 'exec "$@" 2>>"$0"', str(self._log)],
            **SETTINGS,
            VOICEDEMO_WORKER_METRICS_PORT=str(self._metrics_port),
        )

    def holds(self) -> dict[str, Held]:
        """What each process holds that is up and answers, by its name."""
        found = {}
        for name, (pid, url) in self._processes().items():
            try:
                found[name] = self._held(pid, url)
            except (OSError, AssertionError):
                continue  # it has ended, or does not answer yet
        return found

    def unended(self) -> int:
        """How many rows say that a call is not over."""
        live = [state.value for state in LIVE]
        places = ", ".join("?" * len(live))
        return self._count(
            f"select count(*) from calls_call where state in ({places}) or ended_at is null", live
        )

    def waiting(self) -> int:
        """How many rows say that somebody waits for a line."""
        return self._count("select count(*) from calls_waiting", [])

    def keys(self) -> Counter[str]:
        """How many keys Redis has, by their first part.

        :raises redis.RedisError: if Redis is away.
        """
        with closing(self._redis()) as asked:
            return Counter(_named_by(key) for key in asked.scan_iter())

    def keys_that_stay(self) -> list[tuple[str, int]]:
        """The keys that Redis will keep for longer than it may, with their lives in seconds."""
        with closing(self._redis()) as asked:
            lives = [(key, asked.ttl(key)) for key in asked.scan_iter()]
        most = {**MAY_STAY, f"{fleet_keys.PREFIX}worker:": 2}
        return [
            (key, life)
            for key, life in lives
            if _named_by(key) != f"{fleet_keys.PREFIX}workers"
            and not 0 <= life <= most.get(_named_by(key), -1)
        ]

    def logged(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self.cluster.stop()

    def _processes(self) -> dict[str, tuple[int, str]]:
        """The process id, and the address of the metrics, of each process."""
        found = {WEB: (self.cluster.server.process.pid, f"{self.cluster.url}metrics")}
        for number, pid in sorted(self.cluster.workers_by_number().items()):
            port = self._metrics_port + number - 1
            found[f"worker {number}"] = (pid, f"http://127.0.0.1:{port}/metrics")
        return found

    def _held(self, pid: int, url: str) -> Held:
        with urllib.request.urlopen(url, timeout=ASKED_S) as response:
            told = response.read().decode()

        def metric(name: str) -> float:
            found = re.search(rf"^{name} (\S+)$", told, re.MULTILINE)
            assert found, f"no metric {name}"
            return float(found[1])

        counts = resources(pid, metric)
        in_redis = _connections(pid, urlsplit(self.cluster.redis.url).port or 0)
        return Held(
            pid=pid,
            memory_mb=_anonymous_mb(pid),
            files=counts["files"] - in_redis,
            database=counts["database"],
            redis=in_redis,
            threads=counts["threads"],
            tasks=counts["tasks"],
        )

    def _count(self, query: str, values: list[str]) -> int:
        with closing(sqlite3.connect(self._folder / "var/db.sqlite3")) as database:
            count: int = database.execute(query, values).fetchone()[0]
            return count

    def _redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.cluster.redis.url, decode_responses=True)


NAMES: Final = (WEB, *(f"worker {number}" for number in range(1, WORKERS + 1)))
"""Of all processes."""


def _named_by(key: str) -> str:
    """The part of a key that says what it is for."""
    found = _NAMED_BY.match(key)
    if found is None:
        return key
    return key if key == f"{fleet_keys.PREFIX}workers" else found[1]


def _connections(pid: int, port: int) -> int:
    """How many TCP connections a process has to a port of this machine."""
    there = f":{port:04X}"
    lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{fields[9]}]" for fields in lines if fields[2].endswith(there)}
    return sum(file in sockets for file in open_files(Path(f"/proc/{pid}")))


def _anonymous_mb(pid: int) -> float:
    found = re.search(r"^RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found, f"process {pid} has ended"
    return int(found[1]) / 1000
