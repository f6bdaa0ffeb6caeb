"""Which clients share a network, without revealing which network that is."""

import ipaddress

from django.utils.crypto import salted_hmac

KEY_CHARS = 12


def public_address(client: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address. IPv4 mapped into IPv6 becomes IPv4.

    :param client: the client's IP address as the server or a proxy wrote it.
    :returns: ``None`` if it is no address.
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def key(client: str) -> str:
    """The same short key for every client behind the same public address.

    A household or an office shares one IPv4 address, or one IPv6 prefix of 56 bits (RIPE-690).

    :param client: its IP address.
    """
    address = public_address(client)
    if address is None:
        return ""
    return _key_of_prefix(address, 32 if address.version == 4 else 56)


def site_key(client: str) -> str:
    """The same short key for every client of one IPv6 prefix of 48 bits.

    An organization gets such a prefix (RFC 6177), and it holds 256 of 56 bits. The phones of a
    carrier may share one.

    :param client: its IP address.
    :returns: empty if it is no IPv6 address.
    """
    address = public_address(client)
    if address is None or address.version == 4:
        return ""
    return _key_of_prefix(address, 48)


def _key_of_prefix(address: ipaddress.IPv4Address | ipaddress.IPv6Address, length: int) -> str:
    prefix = ipaddress.ip_network((address, length), strict=False)
    return salted_hmac("voicedemo.network", str(prefix)).hexdigest()[:KEY_CHARS]
