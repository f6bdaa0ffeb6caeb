"""This machine: its addresses, its media port, its clock, what is installed."""

import platform
import socket
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httpx

from bot.ice.addresses import host_addresses

from .findings import Finding, bad, good, skipped

MAX_SKEW = timedelta(seconds=30)
PATIENCE_S = 5.0
PARTS = ("Django", "channels", "daphne", "aiortc", "aioice")


def media_port(number: int) -> Finding:
    """Is it one that a firewall can let in, and free or in our own use?"""
    check, subject = "media port", f"VOICEDEMO_MEDIA_PORT={number}"
    if not number:
        return bad(
            check,
            subject,
            "a free port is taken at every start",
            "Set one, and open it in the firewall for UDP and TCP.",
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


def advertised(public_ips: list[str], seen_as: str | None) -> Finding:
    """:param seen_as: this machine's address as a STUN server sees it."""
    check, subject = "advertised address", "VOICEDEMO_PUBLIC_IPS"
    own = host_addresses()
    if seen_as is None:
        return skipped(check, subject, "no STUN server tells how the world sees this machine")
    if seen_as in public_ips or (seen_as in own and not public_ips):
        return good(check, subject, f"{seen_as} is advertised")
    if public_ips:
        detail = f"{', '.join(public_ips)} is advertised, the world sees {seen_as}"
    else:
        detail = f"behind a NAT: {', '.join(own)} is advertised, the world sees {seen_as}"
    return bad(check, subject, detail, f"Set VOICEDEMO_PUBLIC_IPS={seen_as}.")


async def clock(url: str) -> Finding:
    """Against the ``Date`` of a web server: expiring credentials are nothing with a wrong clock."""
    check = "clock"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            date = (await client.head(url)).headers["Date"]
    except (httpx.HTTPError, KeyError):
        return skipped(check, url, "no web server to compare it with")
    skew = abs(datetime.now(UTC) - parsedate_to_datetime(date))
    if skew > MAX_SKEW:
        step = "Set it, and keep it right (systemd-timesyncd, chrony)."
        return bad(check, url, f"{skew.total_seconds():.0f} s off", step)
    return good(check, url, "right")


def versions() -> Finding:
    installed = ", ".join(f"{part} {version(part)}" for part in PARTS)
    return good("versions", f"Python {platform.python_version()}", installed)
