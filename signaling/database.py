"""The sockets' way to the database. A socket waits for its own queries only."""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import Error

from calls import metrics
from calls.database import DatabaseThreads
from wire.errors import ProtocolError

log = logging.getLogger("voicedemo.socket")

THREADS = 4
"""One that waits for a lock leaves three to the other sockets. SQLite has one writer anyway."""

P = ParamSpec("P")
Returned = TypeVar("Returned")

_threads = DatabaseThreads("sockets", THREADS)


async def ask(function: Callable[P, Returned], *args: P.args, **options: P.kwargs) -> Returned:
    """Call a function that uses the database, and return what it returns.

    :raises ProtocolError: ``internal`` if the database fails; whatever else the function raises.
    """
    try:
        return await _threads.run(function, *args, **options)
    except Error:
        log.exception("the database failed a socket")
        problem = "the database does not answer"
        raise ProtocolError("internal", problem, retryable=True) from None


async def write_down(function: Callable[P, object], *args: P.args, **options: P.kwargs) -> None:
    """Call a function that records something. If the database fails, that is lost and counted."""
    try:
        await _threads.run(function, *args, **options)
    except Error as exc:
        metrics.records_lost("failed")
        log.warning("a socket's record is lost: %s", exc)
