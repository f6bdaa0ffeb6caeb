"""Chooses the URLs that a browser is given. More than five would slow it down.

What browsers do with these URLs: docs/browsers.md#ice-urls.
"""

from collections.abc import Iterable
from itertools import groupby, islice
from typing import NamedTuple

from wire import ice_urls
from wire.ice_urls import IceUrl, Kind
from wire.model import IceServer

WANTED: tuple[Kind, ...] = ("stun", "udp", "tcp", "tls", "stun")
"""One of each kind, and a second STUN server: two servers reveal a symmetric NAT."""
_ORDER: tuple[Kind, ...] = ("stun", "udp", "tcp", "tls")
_REFUSED_PORT = 53


class _Choice(NamedTuple):
    url: str
    read: IceUrl
    server: IceServer

    @property
    def kind(self) -> Kind:
        return self.read.kind

    @property
    def host(self) -> str:
        return self.read.host


def offered(servers: Iterable[IceServer]) -> list[IceServer]:
    """Choose at most one URL of each kind, and a second STUN server. The cheapest kind comes first.

    Of two URLs of one kind the earlier one is chosen. URLs on port 53 are left out, because
    browsers refuse it. For TLS, port 443 is preferred, because strict firewalls leave it open. Next
    comes a host that has none of the chosen relays, so that one dead host does not take all relays.
    """
    choices = _choices(servers)
    taken: list[_Choice] = []
    for kind in WANTED:
        found = [choice for choice in choices if choice.kind == kind]
        if kind == "tls":
            taken += islice(_spread(found, taken), 1)
        else:
            known = {choice.host for choice in taken if choice.kind == kind}
            taken += islice((choice for choice in found if choice.host not in known), 1)
    taken.sort(key=lambda choice: _ORDER.index(choice.kind))
    grouped = groupby(taken, key=lambda choice: (choice.server.username, choice.server.credential))
    return [
        IceServer(urls=[c.url for c in group], username=username, credential=credential)
        for (username, credential), group in grouped
    ]


def _spread(found: list[_Choice], taken: list[_Choice]) -> list[_Choice]:
    """Sort port 443 first, and then hosts that have none of the relays taken so far."""
    used = {choice.host for choice in taken if choice.kind in ("udp", "tcp")}
    return sorted(found, key=lambda c: (c.read.port != 443, c.host in used))


def _choices(servers: Iterable[IceServer]) -> list[_Choice]:
    return [
        _Choice(url, read, server)
        for server in servers
        for url in server.urls
        if (read := _read(url)) is not None and read.port != _REFUSED_PORT
    ]


def endpoint_of(url: str) -> tuple[Kind, str, int] | None:
    """Return the same value for every spelling of a URL. A browser may write defaults out.

    :returns: how the server is reached, its host and its port; None if it is not an ICE URL.
    """
    read = _read(url)
    return (read.kind, read.host, read.port) if read else None


def _read(url: str) -> IceUrl | None:
    try:
        return ice_urls.parse(url)
    except ValueError:
        return None
