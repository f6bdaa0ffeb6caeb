from collections.abc import Sequence
from datetime import timedelta

from .base import IceServer, IceServers


class StaticProvider:
    """STUN and TURN URLs from the settings, with one long-lived credential for the TURN URLs."""

    name = "static"

    def __init__(
        self,
        stun_urls: Sequence[str],
        turn_urls: Sequence[str] = (),
        username: str = "",
        credential: str = "",
    ) -> None:
        servers = []
        if stun_urls:
            servers.append(IceServer(urls=list(stun_urls)))
        if turn_urls:
            servers.append(
                IceServer(urls=list(turn_urls), username=username, credential=credential)
            )
        self._servers = tuple(servers)

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        return IceServers(self._servers)
