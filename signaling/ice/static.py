from datetime import timedelta

from .base import IceServer, IceServers


class StaticProvider:
    """STUN and TURN URLs from the settings, with one long-lived credential for the TURN ones."""

    def __init__(
        self, stun_urls: list[str], turn_urls: list[str], username: str, credential: str
    ) -> None:
        servers = []
        if stun_urls:
            servers.append(IceServer(urls=stun_urls))
        if turn_urls:
            servers.append(IceServer(urls=turn_urls, username=username, credential=credential))
        self._servers = tuple(servers)

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        return IceServers(self._servers, ttl)
