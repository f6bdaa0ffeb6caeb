"""A PostgreSQL of our own."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

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
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._run("initdb", "--auth=trust", "--username=demo", "--no-sync", "-D", str(self._data))
        self._server = subprocess.Popen(
            self._command(
                "postgres", "-D", str(self._data), "-p", str(self._port), "-c", "fsync=off",
                "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1",
            ),
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "demo", "demo")

    @property
    def url(self) -> str:
        return f"postgres://demo@127.0.0.1:{self._port}/demo"

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(20)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        ready = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        while subprocess.run(self._command(*ready), check=False).returncode:
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def _run(self, *command: str) -> None:
        subprocess.run(self._command(*command), check=True, stdout=subprocess.DEVNULL)

    def _command(self, name: str, *arguments: str) -> list[str]:
        program = [str(self._bin / name), *arguments]
        if os.geteuid() != 0:
            return program
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--", *program]
