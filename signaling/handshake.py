"""What the request for a socket says: where its page is from, and the page's ticket."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from wire.errors import ProtocolError

SUBPROTOCOL = "voicedemo"
TICKET_PREFIX = "ticket."


def check_origin(scope: Any) -> None:
    """Refuse pages of other origins. Ours may have been served under any name and port.

    :raises ProtocolError: ``ticket_invalid``
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin and urlsplit(origin.decode("latin1")).netloc.encode() != headers.get(b"host"):
        raise ProtocolError("ticket_invalid", "the page is from another origin")


def ticket(scope: Any) -> str:
    """The ticket among the subprotocols. A URL would be written down by proxies, but clients of
    before may still have it there.
    """
    for name in scope.get("subprotocols", ()):
        if name.startswith(TICKET_PREFIX):
            # A subprotocol is a token (RFC 6455, 4.1), which has no colon.
            return str(name).removeprefix(TICKET_PREFIX).replace("~", ":")
    query: str = scope["query_string"].decode("latin1")
    return parse_qs(query).get("ticket", [""])[0]
