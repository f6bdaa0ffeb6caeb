"""Which of many URLs a browser is given: more than five slow its discovery down."""

import re
from collections.abc import Iterable
from itertools import groupby, islice
from typing import Literal, NamedTuple

from wire.model import IceServer

Kind = Literal["stun", "udp", "tcp", "tls"]

WANTED: tuple[Kind, ...] = ("stun", "udp", "tcp", "tls", "stun")
"""One of each kind, then a second STUN server: two tell a symmetric NAT from another."""
_ORDER: tuple[Kind, ...] = ("stun", "udp", "tcp", "tls")


class _Choice(NamedTuple):
    kind: Kind
    url: str
    server: IceServer

    @property
    def host(self) -> str:
        return re.sub(r":\d+$", "", _place(self.url))


def offered(servers: Iterable[IceServer]) -> list[IceServer]:
    """The best few of them, the earlier before the later, in an order of cost.

    URLs on port 53 are left out, as browsers refuse it; of TLS, port 443 comes first, which is
    open where nothing else is. It is of another host than the rest where there is one, so that
    one that is down takes no call's last relay along.
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
    """On port 443 before any other; and of those on another host than the relays there are."""
    used = {choice.host for choice in taken if choice.kind in ("udp", "tcp")}
    return sorted(found, key=lambda c: (":443" not in c.url, c.host in used))


def _choices(servers: Iterable[IceServer]) -> list[_Choice]:
    return [
        _Choice(kind, url, server)
        for server in servers
        for url in server.urls
        if (kind := kind_of(url)) and not _is_refused(url)
    ]


def kind_of(url: str) -> Kind | None:
    """How a browser reaches the server of this URL (RFC 7064, 7065); None where it is neither."""
    scheme = url.partition(":")[0]
    if scheme in ("stun", "stuns"):
        return "stun"
    if scheme == "turns":
        return "tls"
    if scheme == "turn":
        return "tcp" if "transport=tcp" in url else "udp"
    return None


def endpoint_of(url: str) -> tuple[Kind | None, str]:
    """What two spellings of one server's URL have in common: a browser may write the defaults out.

    :returns: how it is reached, and ``host:port`` (RFC 7064, 3.2; RFC 7065, 3.2).
    """
    place = _place(url).lower()
    if not re.search(r":\d+$", place):
        place += ":5349" if url.startswith(("stuns:", "turns:")) else ":3478"
    return kind_of(url), place


def _place(url: str) -> str:
    """The host, and the port where there is one."""
    return url.partition(":")[2].partition("?")[0]


def _is_refused(url: str) -> bool:
    return url.partition("?")[0].endswith(":53")
