"""A real TURN server in a world: coturn over UDP, TCP, and TLS on 443."""

import datetime
import ipaddress
import shutil
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .namespace import Namespace

TURN = "203.0.113.20"
USERNAME, CREDENTIAL = "phone", "secret"
URLS = (
    f"turn:{TURN}:3478?transport=udp",
    f"turn:{TURN}:3478?transport=tcp",
    f"turns:{TURN}:443?transport=tcp",
)
SETTINGS = {
    "VOICEDEMO_TURN_URLS": ",".join(URLS),
    "VOICEDEMO_TURN_USERNAME": USERNAME,
    "VOICEDEMO_TURN_CREDENTIAL": CREDENTIAL,
}


class Coturn:
    """Listens when it is made."""

    def __init__(self, host: Namespace, folder: Path) -> None:
        program = shutil.which("turnserver")
        assert program, "install coturn (Debian: apt-get install coturn)"
        certificate, key = _self_signed(folder)
        self._log = (folder / "turnserver.log").open("w+")
        self._process = host.popen(
            *(program, "-n", "--log-file=stdout", "--simple-log", "--no-cli", "--no-dtls"),
            *(f"--listening-ip={TURN}", f"--relay-ip={TURN}", "--tls-listening-port=443"),
            *("--lt-cred-mech", f"--user={USERNAME}:{CREDENTIAL}", "--realm=example.com"),
            *(f"--cert={certificate}", f"--pkey={key}"),
            *(f"--pidfile={folder / 'turn.pid'}", f"--userdb={folder / 'turn.db'}"),
            cwd=folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._host = host
        self._wait()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def _wait(self) -> None:
        """Until it listens on its last port."""
        while ":443 " not in self._host.run("ss", "-ltnH"):
            if self._process.poll() is not None:
                self._log.seek(0)
                raise RuntimeError(f"coturn did not start: {self._log.read()[-2000:]}")


def _self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TURN)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(TURN))]), False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "turn.pem", folder / "turn.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
