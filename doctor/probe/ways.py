"""The ways that a call is made to take, and the servers for each. The page's are in ``ice.js``."""

from collections.abc import Sequence
from typing import Final, Literal

from aioice.candidate import Candidate

from bot.ice.gather import StunServer
from bot.ice.turn import TurnServer, turn_servers
from wire import ice_urls
from wire.model import IceServer

Way = Literal["direct", "udp", "tcp", "tls", "ice-tcp"]
"""``direct``: UDP without any relay. ``udp``, ``tcp``, ``tls``: a TURN server that is reached over
that. ``ice-tcp``: the bot's own TCP port (RFC 6544)."""

WAYS: Final[tuple[Way, ...]] = ("direct", "udp", "tcp", "tls", "ice-tcp")
MAX_STUN: Final = 2


def relay(servers: Sequence[IceServer], way: Way) -> TurnServer | None:
    """The TURN server of a way; None if the page gets none. There is at most one for each."""
    return next((one for one in turn_servers(servers) if one.protocol == way), None)


def stun(servers: Sequence[IceServer]) -> list[StunServer]:
    """The first STUN servers that the page gets. URLs that are malformed are left out."""
    found = []
    for url in (url for server in servers for url in server.urls):
        try:
            if ice_urls.parse(url).kind == "stun":
                found.append(StunServer.parse(url))
        except ValueError:
            continue
    return found[:MAX_STUN]


def fits(candidate: Candidate, way: Way) -> bool:
    """Whether the call may send to this candidate of the bot.

    A relay of the bot's own does not count as direct: it would hide a closed media port.
    """
    is_tcp = candidate.transport.lower() == "tcp"
    if way == "direct":
        return not is_tcp and candidate.type != "relay"
    return is_tcp == (way == "ice-tcp")
