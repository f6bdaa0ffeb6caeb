"""Every address, name and port of the lab. README.md has a picture.

The prefixes are those that RFC 5737, RFC 2544, RFC 6598 and RFC 3849 set aside.
"""

from typing import Final

CORE: Final = "203.0.113.1"
CORE6: Final = "2001:db8:a::1"
"""The internet itself, everybody's default gateway."""

SERVER: Final = "203.0.113.10"
SERVER6: Final = "2001:db8:a::10"
SERVER_INSIDE: Final = "192.168.2.2"
"""The server's address behind a hotspot."""

TURN: Final = "203.0.113.20"
TURN_TOO: Final = "203.0.113.21"
TURN6: Final = "2001:db8:a::20"

ROUTER: Final = "203.0.113.50"
ROUTER6: Final = "2001:db8:a::50"
CARRIER: Final = "203.0.113.60"
HOTSPOT: Final = "203.0.113.70"
DEAD: Final = "203.0.113.99"
"""Nobody answers here."""

WIFI: Final = "192.168.1.2"
WIFI_PUBLIC: Final = "198.18.5.2"
WIFI6: Final = "2001:db8:c::2"
CELL: Final = "100.64.0.2"
CELL_PUBLIC: Final = "198.51.100.2"
"""The phone's: behind a NAT, without one, and over IPv6."""

TURN_NAME: Final = "turn.lab.test"
STUN_NAME: Final = "stun.lab.test"
STUN_TOO_NAME: Final = "stun2.lab.test"

PAGE_PORT: Final = 443
MEDIA_PORT: Final = 40000


def gateway(address: str) -> str:
    """Return the router's address in the network of ``address``."""
    separator = ":" if ":" in address else "."
    return address.rpartition(separator)[0] + separator + "1"


def with_prefix(address: str) -> str:
    """Return ``address`` with the length of its network's prefix, as ip-address(8) takes it."""
    return address + ("/64" if ":" in address else "/24")
