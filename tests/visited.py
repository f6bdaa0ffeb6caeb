"""Every page that a visitor can open, on one server: what rates pages rates all of these."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.e2e.server import Server
from tests.ports import free_port

PAGES: Final = (
    "",
    "?stand",
    "check/",
    "stand/",
    "stand/damaged/",
    "offline/",
    "phone/",
    "nowhere/",
)
"""Their paths, without the leading slash. A test compares them with the routes."""
FAILED: Final = "api/stand/"
"""This becomes the page that says that the server failed, after :func:`break_database`."""


def server_of_all(var: Path, **changed: str) -> Server:
    """Start a server that also has the pages of ``manage.py phone``.

    :param changed: settings, as for :meth:`Server.start`.
    """
    ports = (f"--port={free_port()}", f"--tls-port={free_port()}")
    return Server.start(var, command=("phone", "--address=127.0.0.1", *ports), **changed)


def break_database(var: Path) -> None:
    with closing(sqlite3.connect(var / "db.sqlite3")) as database:
        database.execute("DROP TABLE calls_call")
