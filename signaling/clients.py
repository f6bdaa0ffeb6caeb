"""The address of the client behind a request or a socket."""

import logging
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from django.conf import settings

from .networks import public_address

log = logging.getLogger("voicedemo.clients")

UNKNOWN_PROXY = (
    "X-Forwarded-For comes from %s, so there seems to be a reverse proxy in front, but "
    "VOICEDEMO_PROXIES is 0: all visitors share one limit on requests. Set VOICEDEMO_PROXIES=1"
)
STRANGER = (
    "X-Forwarded-For from %s is not believed, as it is none of VOICEDEMO_PROXY_ADDRESSES. If that "
    "is your proxy, add it. If it is not, it reaches this port past your proxy: set "
    "VOICEDEMO_BIND=127.0.0.1, or close the port in the firewall"
)
_warned: set[str] = set()


def address(scope: Mapping[str, Any]) -> str:
    """The client's IP address; empty if there is none.

    Each of our proxies (``VOICEDEMO_PROXIES``) appends the address it was called from to
    ``X-Forwarded-For``. Anything before those was written by the client and proves nothing. So does
    the whole header, unless it comes from one of ``VOICEDEMO_PROXY_ADDRESSES``.

    :param scope: the ASGI scope of a request or a socket.
    """
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if not forwarded:
        return peer
    proxies = settings.VOICEDEMO_PROXIES
    if not is_within(peer, tuple(settings.VOICEDEMO_PROXY_ADDRESSES)):
        if proxies:
            _warn(STRANGER, peer)
        return peer
    if not proxies:
        _warn(UNKNOWN_PROXY, peer)
        return peer
    chain = [hop.strip() for hop in b",".join(forwarded).decode("latin1").split(",") if hop.strip()]
    return chain[-proxies] if len(chain) >= proxies else peer


def is_operator(scope: Mapping[str, Any]) -> bool:
    """Whether the client is in ``VOICEDEMO_METRICS_FROM``.

    A request that a proxy passed on, which the settings do not know of, is from nobody: its
    client's address is not known.
    """
    is_forwarded = any(name == b"x-forwarded-for" for name, _ in scope["headers"])
    if is_forwarded and not settings.VOICEDEMO_PROXIES:
        return False
    return is_within(address(scope), tuple(settings.VOICEDEMO_METRICS_FROM))


def is_within(client: str, networks: tuple[str, ...]) -> bool:
    """Whether an address is in one of these networks.

    :param client: the IP address; anything else is in none.
    :param networks: as in ``192.0.2.0/24``, or single addresses.
    """
    found = public_address(client)
    return found is not None and any(found in network for network in _read(networks))


@cache
def _read(networks: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network, strict=False) for network in networks)


def _warn(problem: str, peer: str) -> None:
    """Said once for each problem: anybody who reaches this port can cause it."""
    if problem not in _warned:
        _warned.add(problem)
        log.warning(problem, peer)
