"""Which addresses a page may name as candidates.

The bot sends checks to every address that it pairs (RFC 8445, 19.5). A page must not make it send
them to this machine, or into the network behind it.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final

from aioice.candidate import Candidate

from .addresses import machine_addresses
from .path import Address, IPAddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_REMOTES: Final = 20
"""Addresses of one generation that are checked. A phone with two networks names about 15."""
MAX_NAMED: Final = 100
"""Candidates of one generation that are looked at at all."""
MIN_PORT: Final = 1024
"""Browsers use ephemeral ports. Below are services that one packet reaches: DNS, NTP, SNMP."""


def _networks(*prefixes: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, prefixes))


_LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
_PRIVATE: Final = _networks(
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # shared by a carrier's customers (RFC 6598)
    "fc00::/7",
    "fec0::/10",
)
_NEVER: Final = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",  # link-local; the metadata of most clouds
    "192.0.0.0/24",  # a phone's own translator (RFC 7335)
    "192.88.99.0/24",  # 6to4 relays
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "168.63.129.16/32",  # Azure's host
    "100.100.100.200/32",  # Alibaba's metadata
    "::/96",  # unspecified, and IPv4-compatible
    "::ffff:0:0/96",  # IPv4-mapped
    "::ffff:0:0:0/96",  # IPv4-translated
    "64:ff9b::/96",  # NAT64
    "64:ff9b:1::/48",
    "100::/64",  # discard-only
    "2001::/32",  # Teredo
    "2002::/16",  # 6to4
    "fe80::/10",  # link-local
    "ff00::/8",  # multicast
    "fd00:ec2::/32",  # Amazon's metadata
    "fd20:ce::/32",  # Google's metadata
)


def _is_in(address: IPAddress, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _read(address: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


class RemotePolicy:
    """Decides which addresses the pages of one port may name.

    An address that sent an authentic check needs no permission. So a peer that cannot be named is
    still answered if it can reach this machine.

    Private addresses, and this machine's own, may be named within a LAN only: where callers are
    told no public IPv4 address, and no public address of that IP version. A public IPv6 address
    alone does not rule out private IPv4 ones, because many homes have both. There the firewall of
    this machine may let a phone in only after a check has gone out to it.

    A server behind a 1:1 NAT that tells its private address looks like one in a LAN.

    :param bound: this machine's addresses that peers can reach.
    :param advertised: addresses that peers are told instead, in the same order.
    :param own: all addresses of this machine, and the broadcast addresses of its networks.
    """

    def __init__(
        self,
        bound: Iterable[str],
        advertised: Iterable[str] = (),
        *,
        own: frozenset[str] | None = None,
    ) -> None:
        bound, advertised = list(bound), list(advertised)
        self._own = (machine_addresses() if own is None else own) | {*bound, *advertised}
        told = [a for a in map(_read, advertised + bound[len(advertised) :]) if a is not None]
        self._is_on_loopback = any(_is_in(address, _LOOPBACK) for address in told)
        versions = {address.version for address in told if _is_public(address)}
        self._public_versions = {4, 6} if 4 in versions else versions

    def allows(self, host: IPAddress) -> bool:
        """Whether a page may name ``host``."""
        if _is_in(host, _LOOPBACK):
            return self._is_on_loopback
        if _is_in(host, _NEVER):
            return False
        is_near = _is_in(host, _PRIVATE) or str(host) in self._own
        return not is_near or host.version not in self._public_versions


def _is_public(address: IPAddress) -> bool:
    return not any(_is_in(address, networks) for networks in (_LOOPBACK, _PRIVATE, _NEVER))


class Remotes:
    """The candidates that a page names in one ICE generation."""

    def __init__(self, policy: RemotePolicy) -> None:
        self._policy = policy
        self._named: dict[Address, Candidate] = {}
        self._admitted = 0

    @property
    def hosts(self) -> frozenset[str]:
        """The peer's own addresses, whether they may be checked or not."""
        return frozenset(c.host for c in self._named.values() if c.type != "relay")

    def admit(self, candidate: Candidate) -> bool:
        """Take a candidate whose host is an IP address.

        :returns: whether it is to be checked.
        """
        address = (candidate.host, candidate.port)
        if address in self._named or len(self._named) >= MAX_NAMED:
            return False
        self._named[address] = candidate
        if candidate.port < MIN_PORT or self._admitted >= MAX_REMOTES:
            return False
        if not self._policy.allows(ipaddress.ip_address(candidate.host)):
            return False
        self._admitted += 1
        return True
