"""What every provider of ICE servers offers, and what it gives back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ..protocol import IceServer

__all__ = ["IceServer", "IceServers", "Provider"]


@dataclass(frozen=True)
class IceServers:
    """STUN and TURN servers for one call, and until when their credentials hold."""

    servers: tuple[IceServer, ...]
    ttl: timedelta

    @property
    def expires_at(self) -> datetime:
        return datetime.now(UTC) + self.ttl


class Provider(Protocol):
    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        """Servers for this call, with credentials valid for about ``ttl``."""
        ...
