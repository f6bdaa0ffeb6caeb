"""System checks: a wrong setting stops the start with a message, not the first call."""

import os
import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from bot.voices.contract import faults_of
from pages.render import brand
from signaling.ice import registry
from wire.ice_urls import parse as parse_ice_url

MIN_CONTRAST = 3.0


@register()
def ice_urls(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name, schemes in {
        "VOICEDEMO_STUN_URLS": ("stun", "stuns"),
        "VOICEDEMO_TURN_URLS": ("turn", "turns"),
        "VOICEDEMO_COTURN_URLS": ("turn", "turns"),
    }.items():
        for url in getattr(settings, name):
            if not _is_ice_url(url, schemes):
                problems.append(
                    Error(
                        f"{name} has {url!r}, which is not a {schemes[0].upper()} URL",
                        hint=f"Use a URL like {schemes[0]}:{schemes[0]}.example.com:3478.",
                        id="voicedemo.E001",
                    )
                )
    return problems


def _is_ice_url(url: str, schemes: Sequence[str]) -> bool:
    try:
        return parse_ice_url(url).scheme in schemes
    except ValueError:
        return False


@register()
def unknown_names(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    given = settings.ENV_FILE_NAMES.union(os.environ)
    names = {name for name in given if name.startswith("VOICEDEMO_")}
    return [
        checks.Warning(
            f"{name} is set, but there is no setting of this name",
            hint="Correct or remove it. docs/settings.md lists all settings.",
            id="voicedemo.W001",
        )
        for name in sorted(names - settings.ENVIRONMENT_READ)
    ]


@register()
def bot_language(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    language = settings.VOICEDEMO_BOT_LANGUAGE
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language):
        return []
    return [
        Error(
            f"VOICEDEMO_BOT_LANGUAGE is {language!r}, which is not a language tag",
            hint="Use a tag like de or en-GB.",
            id="voicedemo.E010",
        )
    ]


@register()
def public_url(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    url = settings.VOICEDEMO_PUBLIC_URL
    if not url or re.fullmatch(r"https?://(\[[\da-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?/?", url):
        return []
    return [
        Error(
            f"VOICEDEMO_PUBLIC_URL is {url!r}, which is not the address of a site",
            hint="Use an address without a path, like https://talk.example.com.",
            id="voicedemo.E005",
        )
    ]


@register()
def shared_key(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A ticket that one machine signs has to be good at every other one."""
    if not settings.SECRET_KEY_IS_OWN or _is_on_this_machine(settings.REDIS_URL):
        return []
    return [
        Error(
            "REDIS_URL leads to another machine, and SECRET_KEY is not set",
            hint="Set the same SECRET_KEY on all machines. With the key that each of them has made "
            "for itself, one refuses the tickets of the others.",
            id="voicedemo.E014",
        )
    ]


def _is_on_this_machine(redis_url: str) -> bool:
    """Whether only processes of this machine can meet there. They share a folder, and its key."""
    host = urlsplit(redis_url).hostname
    if not host or host == "localhost":  # a Unix socket has no host
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@register()
def networks(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name} has {network!r}, which is neither an address nor a network",
            hint="Use an address like 192.0.2.7, or a network like 192.0.2.0/24.",
            id="voicedemo.E011",
        )
        for name in ("VOICEDEMO_PROXY_ADDRESSES", "VOICEDEMO_METRICS_FROM")
        for network in getattr(settings, name)
        if not _is_network(network)
    ]


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


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
                    hint="Set that too, or remove the provider's other settings.",
                    id="voicedemo.E002",
                )
            )
    for name in settings.VOICEDEMO_ICE_PROVIDERS:
        if name not in registry.KINDS:
            problems.append(
                Error(
                    f"VOICEDEMO_ICE_PROVIDERS has {name!r}, which is not a provider",
                    hint=f"Choose from {', '.join(registry.KINDS)}.",
                    id="voicedemo.E004",
                )
            )
    return problems


@register()
def permanent_credential(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if "static" not in registry.chosen():
        return []
    return [
        checks.Warning(
            "VOICEDEMO_TURN_CREDENTIAL is given to every visitor, and it never expires",
            hint="Let the TURN server expire credentials (coturn: use-auth-secret), and set "
            "VOICEDEMO_COTURN_URLS and VOICEDEMO_COTURN_SECRET in place of VOICEDEMO_TURN_URLS.",
            id="voicedemo.W002",
        )
    ]


@register()
def bot(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.VOICEDEMO_BOT:
        return []
    try:
        bot = import_string(settings.VOICEDEMO_BOT)
    except Exception as exc:  # noqa: BLE001 - whatever a module does as it is imported
        return [
            Error(
                f"VOICEDEMO_BOT is {settings.VOICEDEMO_BOT!r}, which cannot be imported: {exc}",
                hint="Use the dotted path of a class, like examples.repeater.Repeater.",
                id="voicedemo.E006",
            )
        ]
    return [
        Error(
            f"VOICEDEMO_BOT is {settings.VOICEDEMO_BOT!r}, which is no bot: {fault}",
            hint="docs/bot.md has the members that a bot needs.",
            id="voicedemo.E013",
        )
        for fault in faults_of(bot)
    ]


@register()
def colors(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    names = ("COLOR", "COLOR_DARK", "BOT_COLOR", "BOT_COLOR_DARK")
    problems: list[CheckMessage] = []
    for name, surfaces in zip(names, (brand.SURFACES, brand.SURFACES_DARK) * 2, strict=True):
        color = getattr(settings, f"VOICEDEMO_{name}")
        if not brand.is_color(color):
            told = f"VOICEDEMO_{name} is {color!r}, which is not a colour"
            problems.append(Error(told, hint="Use a colour like #1f6f5c.", id="voicedemo.E007"))
        elif (ratio := min(brand.contrast(color, it) for it in surfaces)) < MIN_CONTRAST:
            told = f"VOICEDEMO_{name} {color} has a contrast of only {ratio:.1f} against the page"
            hint = f"At least {MIN_CONTRAST} is needed to see it (WCAG 2.2, 1.4.11). Use a "
            hint += "lighter one." if name.endswith("DARK") else "darker one."
            problems.append(Error(told, hint=hint, id="voicedemo.E007"))
    return problems


@register()
def logo(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    picture = brand.logo()
    if picture is None or (picture.is_file() and picture.suffix in brand.LOGO_TYPES):
        return []
    return [
        Error(
            f"VOICEDEMO_LOGO is {str(picture)!r}, which is not a picture file",
            hint=f"Use the path of a file of one of these types: {', '.join(brand.LOGO_TYPES)}.",
            id="voicedemo.E008",
        )
    ]


@register()
def contact(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    url = settings.VOICEDEMO_CONTACT_URL
    if not url or re.match(r"https?://|mailto:|tel:", url):
        return []
    return [
        Error(
            f"VOICEDEMO_CONTACT_URL is {url!r}, which is not a link",
            hint="Use a link like https://example.com/contact or mailto:sales@example.com.",
            id="voicedemo.E009",
        )
    ]


@register()
def heartbeat(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.VOICEDEMO_LIVENESS_S > settings.VOICEDEMO_HEARTBEAT_S:
        return []
    return [
        Error(
            "VOICEDEMO_LIVENESS_S must be longer than VOICEDEMO_HEARTBEAT_S",
            hint="Otherwise every path looks dead before its first heartbeat is due.",
            id="voicedemo.E003",
        )
    ]
