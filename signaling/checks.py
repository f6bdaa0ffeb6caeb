"""Wrong settings fail at start-up with a sentence, not at the first call."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from .ice import registry


@register()
def ice_urls(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name, schemes in {
        "VOICEDEMO_STUN_URLS": ("stun:", "stuns:"),
        "VOICEDEMO_TURN_URLS": ("turn:", "turns:"),
        "VOICEDEMO_COTURN_URLS": ("turn:", "turns:"),
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
def ice_providers(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name in registry.KINDS:
        missing = registry.missing(name)
        begun = len(missing) < len(registry.KINDS[name].needs)
        if missing and (begun or name in settings.VOICEDEMO_ICE_PROVIDERS):
            problems.append(
                Error(
                    f"The ICE provider {name} needs {' and '.join(missing)}",
                    hint="Set it, or take the provider's other settings away.",
                    id="voicedemo.E002",
                )
            )
    for name in settings.VOICEDEMO_ICE_PROVIDERS:
        if name not in registry.KINDS:
            problems.append(
                Error(
                    f"VOICEDEMO_ICE_PROVIDERS has {name!r}, which is no provider",
                    hint=f"There are {', '.join(registry.KINDS)}.",
                    id="voicedemo.E004",
                )
            )
    return problems


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
