"""Issues a certificate for this machine's address in the LAN, so that phones get HTTPS."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes

LASTS = timedelta(days=90)
"""Apple refuses certificates that are valid for long (docs/browsers.md#apple-398-days)."""
BACKDATED = timedelta(days=1)
"""So that a phone with a slow clock accepts it."""


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
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        return authority.fingerprint(hashes.SHA256()).hex(" ").upper()


def issue(folder: Path, address: str) -> Certificate:
    """Issue a new certificate. The authority is made once, so that a phone trusts it only once.

    :param folder: where the files are written.
    :param address: an IP address or a name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Certificate(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    now = datetime.now(UTC)
    leaf = _authority(files.authority, folder / "authority.key").issue_cert(
        address, not_before=now - BACKDATED, not_after=now + LASTS
    )
    leaf.cert_chain_pems[0].write_to_path(files.certificate)
    _write_secret(files.key, leaf.private_key_pem)
    return files


def _authority(certificate: Path, key: Path) -> trustme.CA:
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    made = trustme.CA(organization_name="voicedemo", organization_unit_name="for trying it out")
    made.cert_pem.write_to_path(certificate)
    _write_secret(key, made.private_key_pem)
    return made


def _write_secret(path: Path, content: trustme.Blob) -> None:
    path.touch(mode=0o600)
    content.write_to_path(path)
