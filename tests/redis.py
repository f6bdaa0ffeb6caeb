"""A Redis of our own, which a test may stop, freeze and start again."""

import signal
import socket
import subprocess
import time
from pathlib import Path

from .ports import free_port

PATIENT_S = 30.0
"""For :data:`signaling.shared.redis.ANSWER_S`, where a test is not about a Redis that hangs: a busy
machine answers late."""


class Redis:
    """Debian's redis-server on a free port of this machine, without a file.

    :param folder: where its log is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.process: subprocess.Popen[bytes]
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, without what it knew, and wait until it answers."""
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self._port), "--save", "",
             "--logfile", str(self._folder / "redis.log"), "--dir", str(self._folder)],
        )  # fmt: skip
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Let it answer nobody. Its kernel still takes connections."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as asked:
                asked.sendall(b"PING\r\n")
                return asked.recv(10).startswith(b"+PONG")
        except OSError:
            return False
