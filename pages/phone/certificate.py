"""Issues a certificate for this machine's address in the LAN, so that phones get HTTPS."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from . import authority

LASTS = timedelta(days=90)
"""Apple refuses certificates that are valid for long (docs/browsers.md#apple-398-days)."""


@dataclass(frozen=True)
class Certificate:
    """The PEM files of a certificate.

    :ivar authority: the authority's certificate, which a phone has to trust.
    :ivar key: the private key of ``certificate``.
    """

    authority: Path
    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, as phones show it."""
        trusted = x509.load_pem_x509_certificate(self.authority.read_bytes())
        return trusted.fingerprint(hashes.SHA256()).hex(" ").upper()


def issue(folder: Path, address: str) -> Certificate:
    """Issue a new certificate. The authority is kept, so that a phone trusts it only once a year.

    :param folder: where the files are written.
    :param address: an IP address or a name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Certificate(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    now = datetime.now(UTC)
    leaf = _authority(files.authority, folder / "authority.key", address).issue_cert(
        address, not_before=now - authority.BACKDATED, not_after=now + LASTS
    )
    leaf.cert_chain_pems[0].write_to_path(files.certificate)
    _write_secret(files.key, leaf.private_key_pem)
    return files


def _authority(certificate: Path, key: Path, address: str) -> trustme.CA:
    kept = certificate.exists() and key.exists() and certificate.read_bytes()
    until = datetime.now(UTC) + LASTS
    if not kept or not authority.may_vouch(x509.load_pem_x509_certificate(kept), address, until):
        made, secret = authority.make(address)
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        pem = secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _write_secret(key, trustme.Blob(pem))
    return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())


def _write_secret(path: Path, content: trustme.Blob) -> None:
    path.touch(mode=0o600)
    content.write_to_path(path)
