"""Requests to the APIs of providers."""

import asyncio
import ssl
from datetime import timedelta
from functools import cache
from typing import Any

import httpx

from wire.model import IceServer

from .base import ProviderError

TIMEOUT_S = 2.0
"""A provider that takes longer than this has failed."""


@cache
def _trust() -> ssl.SSLContext:
    """The trusted authorities. Reading them takes longer than a packet of audio may wait, so it is
    done once, in a thread."""
    return httpx.create_ssl_context()


async def ask(method: str, url: str, *, tls: ssl.SSLContext | None = None, **request: Any) -> Any:
    """Send a request and return the JSON of the answer.

    :param request: keyword arguments of ``httpx.AsyncClient.request``.
    :raises ProviderError: if there is no answer, an error, or no JSON in it. The message names
        only the host and the status, because paths, queries and bodies carry secrets.
    """
    host = httpx.URL(url).host
    verify = await asyncio.to_thread(_trust) if tls is None else tls
    try:
        async with httpx.AsyncClient(verify=verify, timeout=TIMEOUT_S) as client:
            response = await client.request(method, url, **request)
    except httpx.HTTPError as exc:
        raise ProviderError(f"{host}: {type(exc).__name__}") from None
    if not response.is_success:
        raise ProviderError(f"{host}: HTTP {response.status_code}", retry_after=_pause(response))
    try:
        return response.json()
    except ValueError:
        raise ProviderError(f"{host}: no JSON in the answer") from None


def read_servers(listed: Any, host: str) -> tuple[IceServer, ...]:
    """Read ``RTCIceServer`` dictionaries as vendors write them: ``urls`` may be one string.

    :raises ProviderError: if they are something else.
    """
    servers = [listed] if isinstance(listed, dict) else listed
    try:
        return tuple(
            IceServer(
                urls=[server["urls"]] if isinstance(server["urls"], str) else server["urls"],
                username=server.get("username"),
                credential=server.get("credential"),
            )
            for server in servers
        )
    except (TypeError, KeyError, ValueError):
        raise ProviderError(f"{host}: no ICE servers in the answer") from None


def _pause(response: httpx.Response) -> timedelta | None:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdigit() else None
