from collections.abc import Sequence
from datetime import timedelta

from .base import IceServer, IceServers


class StaticProvider:
    """TURN URLs from the settings, with one credential that never expires. Everybody gets it."""

    name = "static"

    def __init__(self, urls: Sequence[str], username: str, credential: str) -> None:
        self._server = IceServer(urls=list(urls), username=username, credential=credential)

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        return IceServers((self._server,))
