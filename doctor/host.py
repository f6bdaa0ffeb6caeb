"""This machine: its settings file, addresses, media port, clock, and what is installed."""

import platform
import socket
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httpx

from bot.ice.addresses import host_addresses

from .findings import Finding, bad, good, lacking, skipped

MAX_SKEW = timedelta(seconds=30)
PATIENCE_S = 5.0
PARTS = ("Django", "channels", "daphne", "aiortc", "aioice")


def env_file(name: str, names: Collection[str]) -> Finding:
    """Report where the settings come from. Values are never shown.

    :param name: the name of the file that was read; '' if there is none.
    :param names: the names of the settings in it.
    """
    if not name:
        return good("settings", "environment", "there is no .env file")
    read = ", ".join(sorted(names)) or "nothing"
    return good("settings", name, f"sets {read}; variables of the environment win")


def media_port(number: int, *, in_production: bool) -> Finding:
    """Can a firewall let it in, and is it free or used by the server?"""
    check, subject = "media port", f"VOICEDEMO_MEDIA_PORT={number}"
    if not number:
        return lacking(
            check,
            subject,
            "a free port is taken at every start",
            "Set one, and open it in the firewall for UDP and TCP.",
            in_production=in_production,
        )
    for kind, name in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            try:
                probe.bind(("", number))
            except OSError as exc:
                detail = f"{name}: {exc.strerror}"
                return skipped(check, subject, f"{detail}: fine if the server is running")
    return good(check, subject, "free for UDP and TCP")


def advertised(public_ips: list[str], seen_as: str | None, *, in_production: bool) -> Finding:
    """Is the address that calls are told the one that the internet sees?

    :param seen_as: this machine's address as a STUN server sees it; None if none has answered.
    """
    check, subject = "advertised address", "VOICEDEMO_PUBLIC_IPS"
    own = host_addresses()
    if seen_as is None:
        return skipped(check, subject, "no STUN server says how the internet sees this machine")
    if seen_as in public_ips or (seen_as in own and not public_ips):
        return good(check, subject, f"{seen_as} is advertised")
    step = f"Set VOICEDEMO_PUBLIC_IPS={seen_as}."
    if public_ips:
        detail = f"{', '.join(public_ips)} is advertised, the internet sees {seen_as}"
        return bad(check, subject, detail, step)
    detail = f"behind a NAT: {', '.join(own)} is advertised, the internet sees {seen_as}"
    return lacking(check, subject, detail, step, in_production=in_production)


async def clock(url: str) -> Finding:
    """Is it right? With a wrong clock, credentials that expire are refused.

    :param url: a web server, whose ``Date`` header is compared.
    """
    check = "clock"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            date = (await client.head(url)).headers["Date"]
    except (httpx.HTTPError, KeyError):
        return skipped(check, url, "the web server to compare it with does not answer")
    skew = abs(datetime.now(UTC) - parsedate_to_datetime(date))
    if skew > MAX_SKEW:
        step = "Set it, and keep it right with systemd-timesyncd or chrony."
        return bad(check, url, f"{skew.total_seconds():.0f} s off", step)
    return good(check, url, "right")


def versions() -> Finding:
    installed = ", ".join(f"{part} {version(part)}" for part in PARTS)
    return good("versions", f"Python {platform.python_version()}", installed)
