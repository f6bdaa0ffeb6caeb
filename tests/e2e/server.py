"""Start the real server as `make demo` does, in a process of its own."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.speech.store import SpeechStore
from tests import shared
from voicedemo import settings

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str

    @classmethod
    def start(
        cls,
        var: Path,
        *,
        prefix: Sequence[str] = (),
        command: Sequence[str] = ("serve",),
        python: str | Path = sys.executable,
        **changed: str,
    ) -> "Server":
        """Start a server and wait until it says its address.

        :param var: its folder for data. A new folder gets a database and collected static files.
        :param prefix: arguments to put before the command, such as ``ip netns exec NAME``.
        :param python: the interpreter that runs it.
        :param changed: settings, as environment variables.
        :raises RuntimeError: if it ends first.
        """
        prepare(var)
        process = subprocess.Popen(
            [*prefix, python, "manage.py", *command],
            cwd=ROOT,
            env={**os.environ, "VOICEDEMO_VAR_DIR": str(var), "PORT": "0", **changed},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"[Oo]pen (http://[^/\s]+/)", line):
                return cls(process, found[1])
        process.stdout.close()
        raise RuntimeError(f"the server did not start: exit status {process.wait()}")

    def stop(self) -> int:
        """Send SIGTERM, wait for the end, and return the exit status."""
        self.process.terminate()
        return self.exited(timeout_s=30)

    def exited(self, timeout_s: float) -> int:
        """Wait for the end of the process and return the exit status."""
        status = self.process.wait(timeout_s)
        assert self.process.stdout
        self.process.stdout.close()
        return status

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path) as response:
            return response.read().decode()

    def metric(self, name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", self.get("metrics"), re.MULTILINE)
        assert found, f"no metric {name}"
        return float(found[1])

    def wait_for_metric(self, name: str, value: float, timeout_s: float) -> bool:
        """Tell whether a metric reaches ``value`` in time."""
        deadline = time.monotonic() + timeout_s
        while self.metric(name) != value:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def resources(self) -> dict[str, int]:
        """Count the process's threads, open files and asyncio tasks (:func:`resources`)."""
        return resources(self.process.pid, self.metric)

    def ticket(self) -> str:
        return json.loads(self.get("api/ticket/"))["ticket"]


def resources(pid: int, metric: Callable[[str], float]) -> dict[str, int]:
    """Count a process's threads, open files and asyncio tasks.

    Threads of pools are left out: they are made when calls coincide, and stay. Those of the
    database keep their connections, whose files are counted by themselves.

    :param metric: reads one of the process's metrics.
    """
    proc = Path(f"/proc/{pid}")
    files = open_files(proc)
    database = [file for file in files if "db.sqlite3" in file]
    return {
        "threads": len(list((proc / "task").iterdir())) - int(metric("voicedemo_pool_threads")),
        "files": len(files) - len(database),
        "database": len(database),
        "tasks": int(metric("voicedemo_asyncio_tasks")),
    }


def open_files(proc: Path) -> list[str]:
    """What a process has open, by the names in its folder of ``/proc``."""
    names = []
    for file in (proc / "fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            names.append(str(file.readlink()))
    return names


def prepare(var: Path) -> None:
    """Give a folder what `make demo` makes before it serves: a database and static files.

    Both are made once in a run and copied, as is the greeting, which takes seconds to synthesise.
    """
    made = shared.once("var", _make_var)
    if not (var / "db.sqlite3").exists():
        shutil.copytree(made, var, dirs_exist_ok=True)


def _make_var(folder: Path) -> None:
    environment = {**os.environ, "VOICEDEMO_VAR_DIR": str(folder)}
    for command in (["migrate", "-v", "0"], ["collectstatic", "--no-input", "-v", "0"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True
        )
    greeting = SpeechStore(folder / "speech").packets(settings.VOICEDEMO_GREETING)
    with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this one
        thread.submit(asyncio.run, greeting).result()
    (folder / "secret_key").unlink()  # every installation has its own
