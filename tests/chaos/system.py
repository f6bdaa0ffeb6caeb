"""All processes of the product: two with pages, three bot workers, Redis and PostgreSQL."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx

from fleet.lease import new_channel
from tests.e2e.server import ROOT, Server, prepare
from tests.postgres import Postgres
from tests.redis import Redis

WEBS: Final = 2
WORKERS: Final = 3
SETTINGS: Final = {
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "SECRET_KEY": "of all processes of a test, and of no other installation",
    "VOICEDEMO_BIND": "127.0.0.1",
    "VOICEDEMO_MAX_CALLS": "200",
    "VOICEDEMO_WORKER_CALLS": "100",
    "VOICEDEMO_PROXIES": "1",
    "VOICEDEMO_STUN_URLS": "",
}


class Process:
    """A server or a worker, with what it logs."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self.process = process
        self.log = log

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @contextmanager
    def open_files_limited_to(self, count: int) -> Iterator[None]:
        """Let it open no more files than so many."""
        before = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (count, before[1]))
        yield
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, before)

    def logged(self) -> str:
        return self.log.read_text()

    def assert_unharmed(self) -> None:
        """It runs, and has logged no exception."""
        assert self.process.poll() is None
        assert "Traceback" not in (log := self.logged()), log[log.index("Traceback") - 300 :][:3000]


class Web(Process):
    """A process with pages and sockets.

    :ivar url: its address, which ends in a slash.
    """

    def __init__(self, server: Server, log: Path) -> None:
        super().__init__(server.process, log)
        self.url = server.url

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(timeout=10) as http:
            return await http.get(self.url + path)

    async def says(self, path: str) -> str:
        return (await self.get(path)).text

    async def metric(self, name: str) -> float:
        lines = (await self.get("metrics")).text.splitlines()
        found = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")]
        assert found, f"no metric {name}"
        return float(found[0])

    async def records_lost(self) -> int:
        """How many records of calls are lost, for whatever reason."""
        lines = (await self.get("metrics")).text.splitlines()
        lost = [line for line in lines if line.startswith("voicedemo_records_lost_total{")]
        return sum(int(float(line.rpartition(" ")[2])) for line in lost)


class Worker(Process):
    """A bot worker.

    :ivar channel: where it takes messages.
    """

    def __init__(self, process: "subprocess.Popen[str]", log: Path, channel: str) -> None:
        super().__init__(process, log)
        self.channel = channel


class System:
    """The processes, on this machine, over one folder.

    :param folder: for their data and logs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.postgres = Postgres(folder)
        self.redis = Redis(folder)
        self._settings = {
            **SETTINGS,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
        }
        prepare(folder / "var")
        self._run("migrate", "-v", "0")
        self.webs: list[Web] = []
        self.workers: list[Worker] = []
        for number in range(1, WORKERS + 1):
            self.workers.append(self._worker(number))
        for number in range(1, WEBS + 1):
            self.webs.append(self._web(number))

    @property
    def processes(self) -> list[Process]:
        return [*self.webs, *self.workers]

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.signal(signal.SIGCONT)
            process.kill()
            assert process.process.stdout
            process.process.stdout.close()
        self.redis.thaw()
        self.redis.stop()
        self.postgres.thaw()
        self.postgres.stop()

    def _web(self, number: int) -> Web:
        name = f"web-{number}"
        prefix, log = self._logged(name)
        command = ("serve", "--no-bot")
        var = self._folder / "var"
        return Web(Server.start(var, prefix=prefix, command=command, **self._settings), log)

    def _worker(self, number: int) -> Worker:
        prefix, log = self._logged(f"worker-{number}")
        channel = new_channel(f"chaos-{number}")
        command = ("runbot", f"--number={number}", f"--channel={channel}")
        process = subprocess.Popen(
            [*prefix, sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        assert "takes calls" in process.stdout.readline(), log.read_text()
        return Worker(process, log, channel)

    def _run(self, *command: str) -> None:
        arguments = [sys.executable, "manage.py", *command]
        subprocess.run(arguments, cwd=ROOT, env=self._environment, check=True)

    @property
    def _environment(self) -> dict[str, str]:
        var = str(self._folder / "var")
        return {**os.environ, "VOICEDEMO_VAR_DIR": var, "PORT": "0", **self._settings}

    def _logged(self, name: str) -> tuple[list[str], Path]:
        """The prefix of a process, which appends what it logs to a file."""
        log = self._folder / f"{name}.log"
        prefix = ["sh", "-c", 'exec "$@" 2>>"$0"', str(log)]
        return prefix, log
