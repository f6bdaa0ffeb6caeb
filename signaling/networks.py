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
    prefix = ipaddress.ip_network((address, 32 if address.version == 4 else 56), strict=False)
    return salted_hmac("voicedemo.network", str(prefix)).hexdigest()[:KEY_CHARS]
