"""The answers that the web port gives before any view or consumer sees a request."""

from http import HTTPStatus
from typing import Final

from pages.render.headers import without_django

SERVER_NAME: Final = "voicedemo"
"""The ``Server`` header of all answers. It tells no version."""

Header = tuple[bytes, bytes]


def headers() -> list[Header]:
    return [(name.encode(), value.encode()) for name, value in without_django().items()]


def answer(status: int, *more: Header) -> bytes:
    """Return a response that has no body and ends its connection, ready to be sent.

    :param more: headers of this answer alone.
    """
    ending = [(b"Connection", b"close"), (b"Content-Length", b"0")]
    lines = [b"%b: %b" % header for header in (*headers(), *more, *ending)]
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
    server = b"Server: " + SERVER_NAME.encode()
    return b"\r\n".join([first, server, *lines, b"", b""])
