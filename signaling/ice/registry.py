"""Asks all configured providers for ICE servers and merges their answers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.signals import setting_changed

from wire.server import Ice

from .base import IceServers, Provider
from .cloudflare import CloudflareProvider
from .coturn import CoturnProvider
from .guard import Guard
from .metered import MeteredProvider
from .selection import offered
from .static import StaticProvider
from .twilio import TwilioProvider
from .xirsys import XirsysProvider

PATIENCE_S = 0.5
"""A page waits at most this long for the providers. It asks again if one was late."""


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
            (),
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

_late: set[asyncio.Task[IceServers | None]] = set()


class Issued(NamedTuple):
    """ICE servers for one call.

    :param without: the names of the providers that did not answer in time.
    """

    message: Ice
    without: tuple[str, ...]


def missing(name: str) -> list[str]:
    """The settings that this provider requires and that are not set."""
    return [setting for setting in KINDS[name].needs if not getattr(settings, setting)]


def chosen() -> list[str]:
    """The names of the providers in use: the listed ones, or all that are configured."""
    return settings.VOICEDEMO_ICE_PROVIDERS or [name for name in KINDS if not missing(name)]


@cache
def guards() -> tuple[Guard, ...]:
    """The providers in use, in order of preference, after the STUN servers of the settings."""
    stun = StaticProvider(settings.VOICEDEMO_STUN_URLS)
    return tuple(Guard(provider) for provider in (stun, *(KINDS[n].make() for n in chosen())))


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


async def issue(call_id: str) -> Issued:
    """Return ICE servers for this call, after ``PATIENCE_S`` at most."""
    ttl = timedelta(seconds=settings.VOICEDEMO_TURN_TTL_S)
    tasks = {asyncio.create_task(guard.issue(call_id, ttl)): guard for guard in guards()}
    _, pending = await asyncio.wait(tasks, timeout=PATIENCE_S)
    for task in pending:  # the guard keeps its answer until the page asks again
        _late.add(task)
        task.add_done_callback(_late.discard)
    answers = [t.result() if t.done() else guard.spare(call_id) for t, guard in tasks.items()]
    found = [issued for issued in answers if issued is not None]
    without = tuple(
        guard.name
        for (task, guard), answer in zip(tasks.items(), answers, strict=True)
        if answer is None or task in pending
    )
    now = datetime.now(UTC)
    expires_at = min((f.expires_at for f in found if f.expires_at), default=now + ttl)
    message = Ice(
        ice_servers=offered(server for issued in found for server in issued.servers),
        ttl=max(0, int((expires_at - now).total_seconds())),
        expires_at=expires_at.isoformat(timespec="seconds"),
        partial=bool(without),
    )
    return Issued(message, without)


def _forget(**changed: Any) -> None:
    guards.cache_clear()


setting_changed.connect(_forget)
