"""The providers of TURN servers: what each needs, and which are in use."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from .base import Provider
from .cloudflare import CloudflareProvider
from .coturn import CoturnProvider
from .guard import Guard
from .metered import MeteredProvider
from .static import StaticProvider
from .twilio import TwilioProvider
from .xirsys import XirsysProvider


@dataclass(frozen=True)
class Kind:
    """A kind of provider.

    :param needs: the names of the settings that it requires.
    """

    needs: tuple[str, ...]
    make: Callable[[], Provider]


KINDS: dict[str, Kind] = {
    "static": Kind(
        ("VOICEDEMO_TURN_URLS", "VOICEDEMO_TURN_USERNAME", "VOICEDEMO_TURN_CREDENTIAL"),
        lambda: StaticProvider(
            settings.VOICEDEMO_TURN_URLS,
            settings.VOICEDEMO_TURN_USERNAME,
            settings.VOICEDEMO_TURN_CREDENTIAL,
        ),
    ),
    "coturn": Kind(
        ("VOICEDEMO_COTURN_URLS", "VOICEDEMO_COTURN_SECRET"),
        lambda: CoturnProvider(settings.VOICEDEMO_COTURN_URLS, settings.VOICEDEMO_COTURN_SECRET),
    ),
    "cloudflare": Kind(
        ("VOICEDEMO_CLOUDFLARE_KEY_ID", "VOICEDEMO_CLOUDFLARE_TOKEN"),
        lambda: CloudflareProvider(
            settings.VOICEDEMO_CLOUDFLARE_KEY_ID, settings.VOICEDEMO_CLOUDFLARE_TOKEN
        ),
    ),
    "twilio": Kind(
        ("VOICEDEMO_TWILIO_ACCOUNT_SID", "VOICEDEMO_TWILIO_SECRET"),
        lambda: TwilioProvider(
            settings.VOICEDEMO_TWILIO_ACCOUNT_SID,
            settings.VOICEDEMO_TWILIO_KEY_SID or settings.VOICEDEMO_TWILIO_ACCOUNT_SID,
            settings.VOICEDEMO_TWILIO_SECRET,
        ),
    ),
    "metered": Kind(
        ("VOICEDEMO_METERED_APP", "VOICEDEMO_METERED_SECRET_KEY"),
        lambda: MeteredProvider(
            settings.VOICEDEMO_METERED_APP,
            settings.VOICEDEMO_METERED_SECRET_KEY,
            region_for("metered"),
        ),
    ),
    "xirsys": Kind(
        ("VOICEDEMO_XIRSYS_CHANNEL", "VOICEDEMO_XIRSYS_IDENT", "VOICEDEMO_XIRSYS_SECRET"),
        lambda: XirsysProvider(
            settings.VOICEDEMO_XIRSYS_CHANNEL,
            settings.VOICEDEMO_XIRSYS_IDENT,
            settings.VOICEDEMO_XIRSYS_SECRET,
            region_for("xirsys"),
        ),
    ),
}


def missing(name: str) -> list[str]:
    """The settings that this provider requires and that are not set."""
    return [setting for setting in KINDS[name].needs if not getattr(settings, setting)]


def chosen() -> list[str]:
    """The names of the providers in use: the listed ones, or all that are configured."""
    return settings.VOICEDEMO_ICE_PROVIDERS or [name for name in KINDS if not missing(name)]


@cache
def guards() -> tuple[Guard, ...]:
    """The providers in use, in order of preference."""
    return tuple(Guard(KINDS[name].make()) for name in chosen())


def provider_of(url: str) -> str:
    """The name of the provider that issues this URL; ``other`` if none does."""
    return next((guard.name for guard in guards() if guard.has_issued(url)), "other")


def region_for(name: str) -> str:
    """The region to ask this provider for.

    ``VOICEDEMO_TURN_REGION`` holds one region for all of them, or ``provider:region`` pairs.
    """
    named = dict(hint.split(":", 1) for hint in settings.VOICEDEMO_TURN_REGION if ":" in hint)
    for_all = next((hint for hint in settings.VOICEDEMO_TURN_REGION if ":" not in hint), "")
    return named.get(name, for_all)


def _forget(**changed: Any) -> None:
    guards.cache_clear()


setting_changed.connect(_forget)
