"""The provider the settings ask for."""

from datetime import timedelta

from django.conf import settings

from ..protocol import Ice
from .base import Provider
from .static import StaticProvider


def provider() -> Provider:
    return StaticProvider(
        stun_urls=settings.VOICEDEMO_STUN_URLS,
        turn_urls=settings.VOICEDEMO_TURN_URLS,
        username=settings.VOICEDEMO_TURN_USERNAME,
        credential=settings.VOICEDEMO_TURN_CREDENTIAL,
    )


async def issue(call_id: str) -> Ice:
    """ICE servers for this call, as the page is told them."""
    issued = await provider().issue(call_id, timedelta(seconds=settings.VOICEDEMO_TURN_TTL_S))
    return Ice(
        ice_servers=list(issued.servers),
        ttl=int(issued.ttl.total_seconds()),
        expires_at=issued.expires_at.isoformat(timespec="seconds"),
    )
