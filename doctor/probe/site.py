"""The page and its HTTP requests, made as a browser makes them."""

import socket
import ssl
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from wire.model import IceServer

from . import faults
from .diagnosis import addresses
from .faults import ProbeError

PATIENCE_S: Final = 8.0
"""As long as the page waits (``static/js/link/api.js``)."""
HEADERS: Final = {"User-Agent": "Mozilla/5.0 (voicedemo probe)", "Accept-Language": "en"}
BAD_HOST: Final = "ALLOWED_HOSTS"
"""A word of the server's answer to a Host that is not one of these (``pages/errors/views.py``)."""

_READINESS: Final = {
    "every line is taken": faults.busy,
    "no bot worker is up": faults.no_worker,
    "Redis is away": faults.redis_away,
    "the database does not answer": faults.database_away,
}
_servers = TypeAdapter(list[IceServer])


@dataclass(frozen=True)
class Page:
    """What the page brings along.

    :ivar url: where it is, after redirects.
    :ivar ticket: the permission for one call.
    """

    url: httpx.URL
    ticket: str


@dataclass(frozen=True)
class IceConfiguration:
    """The STUN and TURN servers for the call. ``limited``: some are missing for now."""

    servers: tuple[IceServer, ...]
    limited: bool


class _Reader(HTMLParser):
    """Finds the ticket and the script of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket = self.script = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "meta" and found.get("name") == "ticket":
            self.ticket = found.get("content") or ""
        if tag == "script" and found.get("type") == "module":
            self.script = found.get("src") or ""


class Site:
    """The server behind a URL.

    :param trust: the authorities whose certificates are accepted.
    """

    def __init__(self, url: str, trust: ssl.SSLContext) -> None:
        self._url = url
        self._http = httpx.AsyncClient(
            verify=trust,
            timeout=PATIENCE_S,
            follow_redirects=True,
            headers=HEADERS,
            trust_env=False,
        )

    @property
    def host(self) -> str:
        return urlsplit(self._url).hostname or ""

    async def close(self) -> None:
        await self._http.aclose()

    async def open(self) -> Page:
        """Load the page and its script.

        :raises ProbeError: there is none, or it is somebody else's.
        """
        response = await self._get(self._url)
        reader = _Reader()
        if response.status_code == 200:
            reader.feed(response.text)
        if response.status_code == 400 and BAD_HOST in response.text:
            raise faults.wrong_host(self.host)
        self._check(response)
        if not reader.ticket or not reader.script:
            raise faults.other_site(self.host)
        script = await self._get(urljoin(str(response.url), reader.script))
        self._check(script)
        if "javascript" not in script.headers.get("Content-Type", ""):
            raise faults.other_site(self.host)
        return Page(response.url, reader.ticket)

    async def ice(self, page: Page) -> IceConfiguration:
        """Ask for the ICE servers of the page's call."""
        url = str(page.url.join("/api/ice/"))
        response = await self._get(url, {"X-Call-Ticket": page.ticket})
        if response.status_code == 401:
            raise faults.bad_ticket()
        if response.status_code == 503:
            raise await self.trouble(page) or faults.database_away()
        self._check(response)
        try:
            told = response.json()
            servers = _servers.validate_python(told["iceServers"])
        except (ValueError, KeyError, TypeError, ValidationError):
            raise faults.other_site(self.host) from None
        return IceConfiguration(
            tuple(servers), bool(told.get("partial")) or bool(told.get("limited"))
        )

    async def trouble(self, page: Page) -> ProbeError | None:
        """What ``/readyz`` says is wrong; None if the server can take calls."""
        try:
            text = (await self._http.get(page.url.join("/readyz"))).text
        except httpx.HTTPError:
            return None
        found = _READINESS.get(text.strip())
        return found() if found else None

    def _check(self, response: httpx.Response) -> None:
        if response.status_code != 200:
            raise faults.bad_status(response.url.path, response.status_code)

    async def _get(self, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        try:
            return await self._http.get(url, headers=headers)
        except httpx.TimeoutException:
            raise await unanswered(url) from None
        except httpx.HTTPError as exc:
            raise await unanswered(url, exc) from None


async def unanswered(url: str, exc: BaseException | None = None) -> ProbeError:
    """Why nothing answers at a URL.

    :param exc: what came of the attempt; None: nothing, in time.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    cause = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return faults.certificate(host, cause)
        if isinstance(cause, ssl.SSLError):
            return faults.tls(host)
        if isinstance(cause, socket.gaierror):
            return faults.unknown_name(host)
        cause = cause.__cause__ or cause.__context__
    found = await addresses(host)
    if not found:
        return faults.unknown_name(host)
    return faults.unreachable(host, ", ".join(sorted(found)), port)
