"""The authority that a phone trusts: a certificate that may vouch for one LAN, for one year."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LASTS = timedelta(days=365)
"""A phone that was forgotten in a drawer does not trust this machine for ever."""
BACKDATED = timedelta(days=1)
"""So that a phone with a slow clock accepts it."""
LAN_NAMES = ("local", "localhost")
LAN_NETWORKS = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"),
            *("fc00::/7", "fe80::/10", "::1/128"),
        ),
    )
)
"""What the authority may vouch for (RFC 5280, 4.2.1.10). Whoever steals its key cannot pretend to
be a bank to the phones that trust it."""

_SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def may_vouch(authority: x509.Certificate, address: str, until: datetime) -> bool:
    """Whether the authority lasts until then, and this address is within its limits.

    Authorities of earlier versions have no limits. They may vouch for nothing.
    """
    try:
        limits = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return False
    is_permitted = _limit_of(address) in (limits.permitted_subtrees or ())
    return is_permitted and authority.not_valid_after_utc >= until


def _limit_of(address: str) -> x509.GeneralName:
    """The name constraint that an address falls under: its LAN, or the address alone."""
    try:
        ip = ip_address(address)
    except ValueError:
        suffix = address.rpartition(".")[2]
        return x509.DNSName(suffix if suffix in LAN_NAMES else address)
    return x509.IPAddress(next((lan for lan in LAN_NETWORKS if ip in lan), ip_network(ip)))


def _limits(address: str) -> x509.NameConstraints:
    lan = [*map(x509.DNSName, LAN_NAMES), *map(x509.IPAddress, LAN_NETWORKS)]
    limit = _limit_of(address)
    return x509.NameConstraints(lan if limit in lan else [*lan, limit], excluded_subtrees=None)


def make(address: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make an authority for this LAN.

    :param address: of this machine. If it is none of a LAN, the authority may vouch for it too.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "voicedemo"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "for trying it out"),
        ]
    )
    now = datetime.now(UTC)
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_SIGNS_CERTIFICATES, critical=True)
        .add_extension(_limits(address), critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key
