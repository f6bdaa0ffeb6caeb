"""Wrong settings fail at start-up with a sentence, not at the first call."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def ice_urls(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name, schemes in {
        "VOICEDEMO_STUN_URLS": ("stun:", "stuns:"),
        "VOICEDEMO_TURN_URLS": ("turn:", "turns:"),
    }.items():
        for url in getattr(settings, name):
            if not url.startswith(schemes):
                problems.append(
                    Error(
                        f"{name} has {url!r}, which does not begin with {' or '.join(schemes)}",
                        hint=f"For example {schemes[0]}{schemes[0][:-1]}.example.com:3478",
                        id="voicedemo.E001",
                    )
                )
    return problems


@register()
def turn_credential(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.VOICEDEMO_TURN_URLS:
        return []
    if settings.VOICEDEMO_TURN_USERNAME and settings.VOICEDEMO_TURN_CREDENTIAL:
        return []
    return [
        Error(
            "VOICEDEMO_TURN_URLS needs VOICEDEMO_TURN_USERNAME and VOICEDEMO_TURN_CREDENTIAL",
            hint="A TURN server relays for nobody without a credential (RFC 8656, 5).",
            id="voicedemo.E002",
        )
    ]


@register()
def heartbeat(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.VOICEDEMO_LIVENESS_S > settings.VOICEDEMO_HEARTBEAT_S:
        return []
    return [
        Error(
            "VOICEDEMO_LIVENESS_S must be longer than VOICEDEMO_HEARTBEAT_S",
            hint="Every path would look dead before its first heartbeat is due.",
            id="voicedemo.E003",
        )
    ]
