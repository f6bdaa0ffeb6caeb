"""The server under the soak, and what its processes, its database and its Redis hold."""

import math
import re
import sqlite3
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis

from fleet import redis as fleet_keys
from fleet import redis_snapshots as snapshot_keys
from fleet.lease import LEASE_S
from signaling.shared import sockets
from tests.chaos.system import SETTINGS
from tests.e2e.cluster import WORKERS, Cluster
from tests.e2e.server import open_files, resources
from tests.ports import free_ports

ASKED_S: Final = 10.0
WEB: Final = "web"
NAMES: Final = (WEB, *(f"worker {number}" for number in range(1, WORKERS + 1)))
FIRST: Final = NAMES[1]
OF_REQUESTS: Final = 3
"""So many threads may be those of the request for the metrics, which are gone a moment later."""
MAX_DATABASE: Final = 30
MAX_REDIS: Final = 150
"""When Redis is back, all sockets come back at once, and each needs more than one connection."""
_SOCKETS: Final = {
    **dict.fromkeys(("tcp", "tcp6", "udp", "udp6"), (2, 9)),
    "unix": (0, 6),
}
"""The kernel's tables of sockets, with the columns of the remote address (``unix``: of anything
else) and of the inode."""
CHANNEL_S: Final = 60
"""The channel layer keeps a message for so long if nobody fetches it."""
MAY_STAY: Final = {
    f"{fleet_keys.PREFIX}worker:": math.ceil(LEASE_S),
    f"{fleet_keys.PREFIX}gone:": fleet_keys.GONE_S,
    snapshot_keys.PREFIX: snapshot_keys.KEPT_S,
    "voicedemo:shared:sockets:up:": math.ceil(sockets.LEASE_S),
    "voicedemo:shared:tokens:": 20 * 60,
    "voicedemospecific.": CHANNEL_S,
    "voicedemobot.": CHANNEL_S,
}
"""What Redis has for a while after all visitors have left: the start of the key, and its longest
life in seconds.

- ``worker:``, ``sockets:up:``: the leases of processes that are up, or were a moment ago;
- ``gone:``: a worker that has died or was replaced;
- ``snapshot:``: a call whose worker has died, and that no other worker has taken over;
- ``tokens:``: a network whose bucket is not full yet. That of self-tests takes 20 minutes;
- the channel layer: messages to a socket, or to a worker, that has gone.
"""
FOR_EVER: Final = f"{fleet_keys.PREFIX}workers"
"""The only key that nothing deletes: the list of workers."""


@dataclass(frozen=True)
class Held:
    """What one process holds.

    :ivar memory_mb: its anonymous memory. What it maps of files does not count.
    :ivar files: its descriptors, without those of the two pools of connections that follow. These
        get larger when requests coincide, and stay.
    :ivar database: its descriptors of the database.
    :ivar redis: its connections to Redis, those among them that are dead too.
    :ivar threads: without those of pools.
    """

    pid: int
    memory_mb: float
    files: int
    database: int
    redis: int
    threads: int
    tasks: int

    def more_than(self, before: "Held") -> dict[str, int]:
        """What a process at rest holds more than before; of pools, more than they ever need."""
        most = {
            "files": before.files,
            "threads": before.threads + OF_REQUESTS,
            "tasks": before.tasks,
            "database": MAX_DATABASE,
            "redis": MAX_REDIS,
        }
        return {name: count for name in most if (count := getattr(self, name)) > most[name]}


class System:
    """A process with pages, two bot workers, Redis and SQLite.

    :param folder: for their data, and for the log of all processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "server.log"
        self._metrics_port = free_ports(WORKERS)
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
        """How many rows of calls have no end."""
        return self._count("select count(*) from calls_call where ended_at is null")

    def waiting(self) -> int:
        """How many rows say that somebody waits for a line."""
        return self._count("select count(*) from calls_waiting where until > datetime('now')")

    def count_keys(self) -> int:
        """How many keys Redis has.

        :raises redis.RedisError: if Redis is away.
        """
        with closing(self._redis()) as asked:
            return len(list(asked.scan_iter()))

    def keys_that_stay(self) -> list[tuple[str, int]]:
        """The keys that Redis keeps for longer than :data:`MAY_STAY` says, and their lives in
        seconds; -1 is for ever.
        """
        with closing(self._redis()) as asked:
            lives = [(key, asked.ttl(key)) for key in asked.scan_iter() if key != FOR_EVER]
        # -2: it has been deleted meanwhile.
        return [(key, life) for key, life in lives if life == -1 or life > _longest_s(key)]

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

    def _count(self, query: str) -> int:
        with closing(sqlite3.connect(self._folder / "var/db.sqlite3")) as database:
            count: int = database.execute(query).fetchone()[0]
            return count

    def _redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.cluster.redis.url, decode_responses=True)


def _longest_s(key: str) -> int:
    """How long a key may live; 0 if it should not be there."""
    return max((life for start, life in MAY_STAY.items() if key.startswith(start)), default=0)


def _connections(pid: int, port: int) -> int:
    """How many sockets of a process are, or were, connected to a TCP port of this machine.

    A pool keeps connections whose other end has died until it needs them. After a while the kernel
    lists them nowhere.
    """
    others = set()
    for table, (remote, inode) in _SOCKETS.items():
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if not fields[remote].endswith(f":{port:04X}"):
                others.add(f"socket:[{fields[inode]}]")
    files = open_files(Path(f"/proc/{pid}"))
    return sum(file.startswith("socket:") and file not in others for file in files)


def _anonymous_mb(pid: int) -> float:
    found = re.search(
        r"^RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    assert found, f"process {pid} has ended"
    return int(found[1]) / 1000
