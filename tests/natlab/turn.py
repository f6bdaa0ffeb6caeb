"""A real TURN server: coturn over UDP, TCP, and TLS on 443."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.certificates import self_signed

from .namespace import Namespace

TURN = "203.0.113.20"
SECRET = "north"
URLS = (
    f"turn:{TURN}:3478?transport=udp",
    f"turn:{TURN}:3478?transport=tcp",
    f"turns:{TURN}:443?transport=tcp",
)
SETTINGS = {
    "VOICEDEMO_COTURN_URLS": ",".join(URLS),
    "VOICEDEMO_COTURN_SECRET": SECRET,
}


class Coturn:
    """Listens when it is made."""

    def __init__(
        self,
        host: Namespace,
        folder: Path,
        *,
        addresses: Sequence[str] = (TURN,),
        certificate: tuple[Path, Path] | None = None,
        secret: str = SECRET,
    ) -> None:
        program = shutil.which("turnserver")
        assert program, "install coturn (Debian: apt-get install coturn)"
        chain, key = certificate or self_signed(folder, TURN)
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
        """It comes back knowing nothing of the allocations it had.

        :param secrets: that it accepts from now on; none: the one it began with.
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
        """Until it listens on its last port."""
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
