"""Sockets are opened under our own names only, as Django's pages are."""

from typing import Any

from channels.routing import URLRouter
from django.conf import settings
from django.http.request import split_domain_port, validate_host


class AllowedHosts:
    """Passes sockets on whose ``Host`` is in ``ALLOWED_HOSTS``, and refuses others with 403.

    Otherwise a page under a name that somebody else points at this machine (DNS rebinding) would be
    of the same origin as its socket. Every browser sends ``Host``.
    """

    def __init__(self, application: URLRouter) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        host = dict(scope["headers"]).get(b"host")
        if host is not None and not _is_allowed(host.decode("latin1")):
            await send({"type": "websocket.close"})  # before it was accepted: HTTP 403
            return
        await self._application(scope, receive, send)


def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
