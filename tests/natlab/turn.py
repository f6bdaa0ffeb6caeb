"""Run a real TURN server: coturn over UDP, TCP, and TLS on 443."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .namespace import Namespace


class Coturn:
    """A TURN server that listens from its creation on.

    :param addresses: it listens on and relays from.
    :param certificate: the paths of a chain and a key, in PEM.
    :param secret: the static secret of its time-limited credentials.
    """

    def __init__(
        self,
        host: Namespace,
        folder: Path,
        *,
        addresses: Sequence[str],
        certificate: tuple[Path, Path],
        secret: str,
    ) -> None:
        program = shutil.which("turnserver")
        assert program, "install coturn (Debian: apt-get install coturn)"
        chain, key = certificate
        self._host = host
        self._secret = secret
        self._folder = folder
        self._log = (folder / "turnserver.log").open("w+")
        self._command = (
            *(program, "-n", "--log-file=stdout", "--simple-log", "--no-cli", "--no-dtls"),
            *(f"--listening-ip={address}" for address in addresses),
            *(f"--relay-ip={address}" for address in addresses),
            *("--tls-listening-port=443", "--alt-tls-listening-port=5349"),
            *("--use-auth-secret", "--realm=example.com"),
            *(f"--cert={chain}", f"--pkey={key}"),
            *(f"--pidfile={folder / 'turn.pid'}", f"--userdb={folder / 'turn.db'}"),
        )
        self._start()

    def restart(self, *secrets: str) -> None:
        """Kill and start it: it has lost its allocations.

        :param secrets: it accepts from now on; by default the one it began with.
        """
        self.kill()
        self._start(*secrets)

    def close(self) -> None:
        self.kill()
        self._log.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _start(self, *secrets: str) -> None:
        """Start it and wait until it listens on its last port.

        :raises RuntimeError: with the end of its log, if it ends first.
        """
        accepted = (f"--static-auth-secret={secret}" for secret in secrets or [self._secret])
        self._process = self._host.popen(
            *(*self._command, *accepted),
            cwd=self._folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        while ":443 " not in self._host.run("ss", "-ltnH"):
            if self._process.poll() is not None:
                self._log.seek(0)
                raise RuntimeError(f"coturn did not start: {self._log.read()[-2000:]}")
