"""Whose request or socket this is, behind how many proxies of our own."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def address(scope: Mapping[str, Any]) -> str:
    """The client's IP address; '' where there is none.

    Each trusted proxy appends the address it was called from to ``X-Forwarded-For``; what stands
    before those was written by the client, and means nothing.

    :param scope: the ASGI scope of a request or a socket.
    """
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    proxies = settings.VOICEDEMO_PROXIES
    if not proxies:
        return peer
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    chain = [hop.strip() for hop in b",".join(forwarded).decode("latin1").split(",") if hop.strip()]
    return chain[-proxies] if len(chain) >= proxies else peer
