"""Which pages are in the same network, without saying which network that is."""

import ipaddress

from django.utils.crypto import salted_hmac

KEY_CHARS = 12


def key(client: str) -> str:
    """The same short key for every client behind the same public address.

    A household or an office shares one IPv4 address, or one IPv6 prefix of 56 bits (RIPE-690).

    :param client: its IP address.
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped  # as a socket for both versions has it
    prefix = ipaddress.ip_network((address, 32 if address.version == 4 else 56), strict=False)
    return salted_hmac("voicedemo.network", str(prefix)).hexdigest()[:KEY_CHARS]
