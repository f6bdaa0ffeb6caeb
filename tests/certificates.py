"""Make certificates for servers that exist only in tests."""

import datetime
import ipaddress
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def authority(folder: Path, *names: str) -> tuple[Path, Path, Path]:
    """Make an authority and a certificate that it signs.

    :param names: the server's DNS names and IP addresses.
    :returns: the paths of the authority's certificate, the server's certificate and its key (PEM).
    """
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name("a lab's authority")
    root = (
        _unsigned(root_name, root_name, root_key, 30)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        _unsigned(_name(names[0]), root_name, key, 30)
        .add_extension(x509.SubjectAlternativeName([*map(_general, names)]), critical=False)
        .add_extension(usage, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    paths = folder / "authority.pem", folder / "server.pem", folder / "server.key"
    paths[0].write_bytes(root.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(paths[2], key)
    return paths


def self_signed(folder: Path, address: str, *, days: float = 30) -> tuple[Path, Path]:
    """Make a self-signed certificate for an IP address.

    :param days: from now until it expires.
    :returns: the paths of the certificate and its key (PEM).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(address)
    certificate = (
        _unsigned(name, name, key, days)
        .add_extension(x509.SubjectAlternativeName([_general(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{address}.pem", folder / f"{address}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(paths[1], key)
    return paths


def _name(of: str) -> x509.Name:
    # Unique, because an issuer is looked up by name if several are trusted.
    unique = f"{of} {secrets.randbelow(10**9)}"
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, unique)])


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
