"""A PostgreSQL of our own, which a test may stop, freeze and start again."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from .ports import free_port

USER = "postgres"
"""Debian's package makes this user. PostgreSQL refuses to run as root."""


class Postgres:
    """Debian's PostgreSQL on a free port of this machine, with an empty database ``demo``.

    :param folder: for its data, which does not outlive a crash of the machine.
    """

    def __init__(self, folder: Path) -> None:
        self._bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self._data = folder / "data"
        self._data.mkdir()
        if os.geteuid() == 0:
            for path in (self._data, *list(folder.parents)[:-2], folder):
                path.chmod(path.stat().st_mode | 0o711)
            shutil.chown(self._data, USER)
        self._port = free_port()
        self._run("initdb", "--auth=trust", "--username=demo", "--no-sync", "-D", str(self._data))
        self._server: subprocess.Popen[bytes]
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "demo", "demo")

    @property
    def url(self) -> str:
        return f"postgres://demo@127.0.0.1:{self._port}/demo"

    def start(self) -> None:
        """Start it, with the data that it had, and wait until it answers."""
        self._server = subprocess.Popen(
            self._command(
                "postgres", "-D", str(self._data), "-p", str(self._port), "-c", "fsync=off",
                "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1",
            ),
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        """Stop it without waiting for its clients."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait(20)

    def freeze(self) -> None:
        """Let it answer nobody. Its kernel still takes connections."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        """Signal it and its processes: there is one for each client, in a group of its own."""
        postmaster = self._server.pid
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parent = stat.read_text().rpartition(")")[2].split()[1]
                if postmaster in (int(parent), int(stat.parent.name)):
                    os.kill(int(stat.parent.name), number)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        ready = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        while subprocess.run(self._command(*ready), check=False).returncode:
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            assert self._server.poll() is None, "PostgreSQL ended: its port may be taken"
            time.sleep(0.05)

    def _run(self, *command: str) -> None:
        subprocess.run(self._command(*command), check=True, stdout=subprocess.DEVNULL)

    def _command(self, name: str, *arguments: str) -> list[str]:
        program = [str(self._bin / name), *arguments]
        if os.geteuid() != 0:
            return program
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--", *program]
