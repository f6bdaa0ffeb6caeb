"""The real server, in a process of its own, as `make demo` runs it."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
        **settings: str,
    ) -> "Server":
        """:param prefix: what to put before the command, to run it elsewhere."""
        environment = {
            **os.environ,
            "VOICEDEMO_VAR_DIR": str(var),
            "PORT": "0",
            **settings,
        }
        for before in (["migrate", "-v", "0"], ["collectstatic", "--no-input", "-v", "0"]):
            subprocess.run(
                [sys.executable, "manage.py", *before], cwd=ROOT, env=environment, check=True
            )
        process = subprocess.Popen(
            [*prefix, sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"[Oo]pen (http://[^/\s]+/)", line):
                return cls(process, found[1])
        raise RuntimeError(f"the server did not start: exit status {process.wait()}")

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        self.process.terminate()
        return self.exited(timeout_s=30)

    def exited(self, timeout_s: float) -> int:
        """Wait for the end of the process; returns the exit status."""
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
        """Whether a metric comes to be ``value`` in time."""
        deadline = time.monotonic() + timeout_s
        while self.metric(name) != value:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def resources(self) -> dict[str, int]:
        """Threads and open files as the kernel counts them, tasks as the loop does.

        But for the threads of the loop's pool: they are made as calls come together, and stay.
        """
        proc = Path(f"/proc/{self.process.pid}")
        return {
            "threads": len(list((proc / "task").iterdir()))
            - int(self.metric("voicedemo_pool_threads")),
            "files": len(list((proc / "fd").iterdir())),
            "tasks": int(self.metric("voicedemo_asyncio_tasks")),
        }

    def ticket(self) -> str:
        return json.loads(self.get("api/ticket/"))["ticket"]
