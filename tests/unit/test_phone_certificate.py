"""What a phone that trusts the authority of `manage.py phone` then believes."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from pages.phone import certificate

pytestmark = pytest.mark.unit

HERE = "192.168.7.3"


def believes(authority: Path, server: ssl.SSLContext, name: str) -> bool:
    """Whether a TLS client that trusts the authority finishes a handshake with the server."""
    client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cafile=str(authority))
    client = trusting.wrap_bio(client_in, server_in, server_hostname=name)
    ours = server.wrap_bio(server_in, client_in, server_side=True)
    for _ in range(4):
        for side in (client, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return client.version() is not None


def server_of(files: certificate.Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


@pytest.mark.parametrize("address", [HERE, "10.0.0.9", "laptop.local", "laptop.example", "9.9.9.9"])
def test_it_believes_this_machine(tmp_path: Path, address: str) -> None:
    files = certificate.issue(tmp_path, address)
    assert believes(files.authority, server_of(files), address)


@pytest.mark.parametrize("victim", ["bank.example", "9.9.9.9"])
def test_it_believes_no_bank_though_somebody_stole_the_key(tmp_path: Path, victim: str) -> None:
    files = certificate.issue(tmp_path, HERE)
    key = (tmp_path / "authority.key").read_bytes()
    thief = trustme.CA.from_pem(files.authority.read_bytes(), key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    thief.issue_cert(victim).configure_cert(context)
    assert not believes(files.authority, context, victim)
    thief.issue_cert("192.168.7.4").configure_cert(context)
    assert believes(files.authority, context, "192.168.7.4")


def test_its_trust_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = certificate.issue(tmp_path, HERE).authority.read_bytes()
    made = x509.load_pem_x509_certificate(first)
    assert made.not_valid_after_utc - made.not_valid_before_utc < timedelta(days=370)
    assert certificate.issue(tmp_path, "10.0.0.9").authority.read_bytes() == first
    monkeypatch.setattr(certificate, "LASTS", timedelta(days=366))
    assert certificate.issue(tmp_path, HERE).authority.read_bytes() != first


def test_an_authority_without_limits_is_replaced(tmp_path: Path) -> None:
    before = trustme.CA()
    before.cert_pem.write_to_path(tmp_path / "authority.pem")
    before.private_key_pem.write_to_path(tmp_path / "authority.key")
    files = certificate.issue(tmp_path, HERE)
    assert files.authority.read_bytes() != before.cert_pem.bytes()
    assert believes(files.authority, server_of(files), HERE)
