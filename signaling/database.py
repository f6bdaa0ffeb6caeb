"""The way of sockets and views to the database. A socket waits for its own queries only."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import Error, InterfaceError, OperationalError

from calls import metrics
from calls.database import DatabaseThreads
from wire.errors import ProtocolError

log = logging.getLogger("voicedemo.socket")

THREADS = 4
"""One that waits for a lock leaves three to the other sockets. SQLite has one writer anyway."""

VIEW_THREADS = 2
"""Any number of requests come at once, and a database has few connections."""
VIEW_S = 3.0
"""A view waits so long. Whoever asks whether the server is ready wants an answer."""

WRITTEN_S = 1.0
MAX_WAITING = 1_000
"""Records of all sockets that wait for the database at most."""

P = ParamSpec("P")
Returned = TypeVar("Returned")

_threads = DatabaseThreads("sockets", THREADS)
_writing: set[asyncio.Task[None]] = set()
_view_threads = DatabaseThreads("views", VIEW_THREADS)


async def ask(function: Callable[P, Returned], *args: P.args, **options: P.kwargs) -> Returned:
    """Call a function that uses the database, and return what it returns.

    :raises ProtocolError: ``internal`` if the database fails; whatever else the function raises.
    """
    try:
        return await _threads.run(function, *args, **options)
    except (OperationalError, InterfaceError) as exc:
        log.warning("the database failed a socket: %s", exc)
        raise _away() from None
    except Error:
        log.exception("the database failed a socket")
        raise _away() from None


async def read(function: Callable[P, Returned], *args: P.args, **options: P.kwargs) -> Returned:
    """Call a function that only reads, for a view, and return what it returns.

    :raises ProtocolError: ``internal`` if the database fails, or does not answer in time.
    """
    try:
        async with asyncio.timeout(VIEW_S):
            return await _view_threads.run(function, *args, **options)
    except (Error, TimeoutError) as exc:
        log.warning("the database failed a view: %s", str(exc) or "no answer")
        raise _away() from None


async def write_down(function: Callable[P, object], *args: P.args, **options: P.kwargs) -> None:
    """Call a function that records something. If the database fails, that is lost and counted.

    A database that does not answer holds a socket up for ``WRITTEN_S`` only, because what its page
    says to the bot comes behind. The record is written when the database answers.
    """
    if len(_writing) >= MAX_WAITING:
        metrics.records_lost("full")
        return
    task = asyncio.create_task(_write(partial(function, *args, **options)))
    _writing.add(task)
    task.add_done_callback(_writing.discard)
    done, _ = await asyncio.wait([task], timeout=WRITTEN_S)
    for written in done:
        written.result()


async def _write(record: Callable[[], object]) -> None:
    try:
        await _threads.run(record)
    except Error as exc:
        metrics.records_lost("failed")
        log.warning("a socket's record is lost: %s", exc)


def _away() -> ProtocolError:
    return ProtocolError("internal", "the database does not answer", retryable=True)
