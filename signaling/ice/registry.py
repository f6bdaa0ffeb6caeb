"""The provider the settings ask for."""

from django.conf import settings

from .base import Provider
from .static import StaticProvider


def provider() -> Provider:
    return StaticProvider(
        stun_urls=settings.VOICEDEMO_STUN_URLS,
        turn_urls=settings.VOICEDEMO_TURN_URLS,
        username=settings.VOICEDEMO_TURN_USERNAME,
        credential=settings.VOICEDEMO_TURN_CREDENTIAL,
    )
