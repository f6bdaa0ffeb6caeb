"""The address of the client behind a request or a socket."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def address(scope: Mapping[str, Any]) -> str:
    """The client's IP address; empty if there is none.

    Each of our proxies (``VOICEDEMO_PROXIES``) appends the address it was called from to
    ``X-Forwarded-For``. Anything before those was written by the client and proves nothing.

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
