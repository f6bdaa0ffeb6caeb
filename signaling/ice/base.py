"""The interface of a provider of ICE servers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from wire.model import IceServer

__all__ = ["IceServer", "IceServers", "Provider", "ProviderError"]


class ProviderError(Exception):
    """A provider gave no servers. The message is for a developer and holds no secret.

    :param retry_after: how long the provider asked not to be called (RFC 9110, 10.2.3).
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class IceServers:
    """STUN and TURN servers for one call.

    :param expires_at: when their credentials expire; ``None`` if they never do.
    """

    servers: tuple[IceServer, ...]
    expires_at: datetime | None = None


class Provider(Protocol):
    name: str

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        """Servers for this call, with credentials valid for about ``ttl``.

        :raises ProviderError: if the provider has none to give.
        """
        ...
