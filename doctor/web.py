"""The pages: can a phone's browser open them, and use its microphone there?"""

from urllib.parse import urlsplit

import httpx
from django.http.request import validate_host

from wire.findings import Status

from .findings import Finding, bad, good, skipped

PATIENCE_S = 5.0
MIN_KEY_CHARS = 50


def secret_key(key: str) -> Finding:
    check, subject = "secret key", "SECRET_KEY"
    if len(key) < MIN_KEY_CHARS or len(set(key)) < 5 or key.startswith("django-insecure-"):
        return bad(
            check,
            subject,
            "short or guessable",
            "Unset it, so that a key is made; or set 50 random characters.",
        )
    return good(check, subject, "long and random enough")


def debug(*, on: bool) -> Finding:
    if on:
        return bad("debug", "DEBUG", "on: tracebacks and settings are shown", "Unset it.")
    return good("debug", "DEBUG", "off")


def allowed_hosts(allowed: list[str], public_url: str) -> Finding:
    check, subject = "allowed hosts", "ALLOWED_HOSTS"
    host = urlsplit(public_url).hostname
    if "*" in allowed:
        return bad(
            check, subject, "every host name is answered", f"Set it to {host or 'your name'}."
        )
    if host and not validate_host(host, allowed):
        return bad(check, subject, f"{host} is refused", f"Set ALLOWED_HOSTS={host}.")
    return good(check, subject, ", ".join(allowed))


async def origin(public_url: str) -> list[Finding]:
    """Is it a secure origin? Others get no microphone (W3C Media Capture, 10)."""
    check, subject = "secure origin", public_url or "VOICEDEMO_PUBLIC_URL"
    if not public_url:
        return [skipped(check, subject, "not set: only browsers on this machine get a microphone")]
    if urlsplit(public_url).scheme != "https":
        step = "Put a TLS proxy in front, and give its https:// URL."
        return [bad(check, subject, "not HTTPS: no browser gives the microphone to it", step)]
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            response = await client.get(public_url.rstrip("/") + "/healthz")
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        step = "Does the name lead here, and does the proxy have a valid certificate?"
        return [bad(check, subject, str(exc) or type(exc).__name__, step)]
    if response.text.strip() != "ok":
        step = "Does the proxy pass requests on to this server?"
        return [bad(check, subject, f"HTTP {response.status_code} on /healthz", step)]
    return [good(check, subject, "HTTPS, and it leads here")]


def proxies(public_url: str, number: int) -> list[Finding]:
    """Is the number of proxies set? The server speaks no TLS: behind HTTPS there is a proxy."""
    if urlsplit(public_url).scheme != "https":
        return []
    check, subject = "proxies", f"VOICEDEMO_PROXIES={number}"
    if not number:
        detail = "all visitors have the proxy's address, and share one limit on requests"
        return [bad(check, subject, detail, "Set it to the number of proxies in front, often 1.")]
    return [good(check, subject, "visitors are told apart")]


def bind(public_url: str, address: str) -> list[Finding]:
    """Can the pages be reached past the proxy? Without TLS, and with a forged client address."""
    if urlsplit(public_url).scheme != "https":
        return []
    check, subject = "bind", f"VOICEDEMO_BIND={address}"
    if address in ("127.0.0.1", "::1", "localhost"):
        return [good(check, subject, "only the proxy reaches the pages")]
    step = "Set VOICEDEMO_BIND=127.0.0.1. In a container, publish the port to the proxy alone."
    detail = "whoever reaches this port comes past the proxy, without HTTPS"
    return [Finding(check, subject, Status.WARNING, detail, step)]
