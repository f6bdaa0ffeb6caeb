"""Threads for the database, for code that runs in an event loop and must not wait for others."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import Error, connection

P = ParamSpec("P")
Returned = TypeVar("Returned")


class DatabaseThreads:
    """Some threads of their own, each with a connection that it keeps.

    Channels' ``database_sync_to_async`` runs everything in one thread of the process. A write that
    waits there for a lock holds up every socket.

    :param name: what the threads are for.
    :param count: how many there are at most. With one, calls run in the order they were made.
    """

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=f"database-{name}")

    async def run(
        self, function: Callable[P, Returned], *args: P.args, **options: P.kwargs
    ) -> Returned:
        """Call the function in one of the threads and return what it returns."""

        def call() -> Returned:
            return _connected(lambda: function(*args, **options))

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """End the threads, without waiting for one that hangs. There must be only one."""
        self._pool.submit(connection.close)
        self._pool.shutdown(wait=False)


def _connected(function: Callable[[], Returned]) -> Returned:
    """Call the function. A connection that is found broken is replaced by the next call."""
    if connection.connection is not None and not connection.is_usable():
        connection.close()
    try:
        return function()
    except Error:
        connection.close()
        raise
