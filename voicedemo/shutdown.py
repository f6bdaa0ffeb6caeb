"""Stops the server in order and within a bounded time."""

import asyncio
import faulthandler
import logging
import signal
from typing import Any, Protocol, cast

from daphne.server import Server
from twisted.internet import reactor as any_reactor
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred
from twisted.web.http import Request

log = logging.getLogger("voicedemo.shutdown")

# Daphne has to be imported before this: it installs the reactor that runs on asyncio's loop.
reactor = cast(AsyncioSelectorReactor, any_reactor)

CALLS_S = 7.0
"""How long the calls may take to end and to write their rows. Without a fault they need less than
a second."""
FAREWELL_S = 0.2
"""The server closes all sockets when it stops. The calls' last messages are sent in this time."""
REQUESTS_S = 1.0
"""How long a request that has begun may take to be answered. After that it is cancelled."""
CANCELLED_S = 1.0
"""How long cancelled requests and sockets may take to end."""
SHUTDOWN_S = 10.0
"""The process ends after this, even if something hangs. It is more than the sum of the others."""


class Bots(Protocol):
    """A worker in this process, or those that it supervises."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class OrderlyServer(Server):
    """Daphne's server, which ends its requests and its sockets before its event loop ends.

    A synchronous middleware runs in a thread, and waits there for the view, which runs on the loop.
    If the loop ends first, that thread waits for ever, and the process waits for the thread.
    Daphne's own way out leaves such requests: it raises ``KeyError`` for a connection without an
    application, as every upgrade to a WebSocket is for a second, and then cancels nothing; and it
    waits until the first application has ended, not for all of them.
    """

    _stopping = False

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if self._stopping:
            return asyncio.Queue()  # nobody reads it: the connection closes in a moment
        return super().create_application(protocol, scope)

    def kill_all_applications(self) -> "Deferred[None]":
        self._stopping = True
        return deferred(self._end_applications())

    async def _end_applications(self) -> None:
        """Let requests end, end sockets, and name what does not end."""
        requests, sockets = self._running(is_request=True), self._running(is_request=False)
        for task in sockets:
            task.cancel()
        for task in await _not_done(requests, REQUESTS_S):
            task.cancel()
        left = await _not_done(requests | sockets, CANCELLED_S)
        if left:
            log.warning("the server stops, and %d requests or sockets have not ended", len(left))

    def _running(self, *, is_request: bool) -> set[asyncio.Task[None]]:
        tasks = {
            connection.get("application_instance")
            for protocol, connection in self.connections.items()
            if isinstance(protocol, Request) is is_request
        }
        return {task for task in tasks if task is not None and not task.done()}


async def _not_done(tasks: set[asyncio.Task[None]], wait_s: float) -> set[asyncio.Task[None]]:
    """Wait for the tasks. Returns those that are not done in time."""
    return (await asyncio.wait(tasks, timeout=wait_s))[1] if tasks else set()


def stop_on_signals(bots: Bots | None) -> None:
    """End the calls of our bots and then the server on SIGTERM and SIGINT.

    Daphne's own handlers would close the sockets before the calls have said goodbye on them.
    """
    _on_signals(_stop_soon, bots)


def _stop_soon(bots: Bots | None) -> None:
    """A second signal does not wait for the calls.

    A shutdown that hangs ends after ``SHUTDOWN_S`` and prints where each thread hangs.
    """
    faulthandler.dump_traceback_later(SHUTDOWN_S, exit=True)
    _on_signals(stop_reactor)
    deferred(_stop(bots)).addErrback(lambda failure: failure.printTraceback())


async def _stop(bots: Bots | None) -> None:
    try:
        async with asyncio.timeout(CALLS_S):
            if bots is not None:
                await bots.stop()
    except TimeoutError:
        log.warning("the server stops, and its calls have not ended within %.0f s", CALLS_S)
    finally:
        await asyncio.sleep(FAREWELL_S)
        stop_reactor()


def stop_reactor() -> None:
    if reactor.running:
        reactor.stop()


def _on_signals(handler: Any, *arguments: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, handler, *arguments)


def deferred(coroutine: Any) -> "Deferred[None]":
    """Run a coroutine as a task, for Twisted to wait for."""
    return Deferred.fromFuture(asyncio.ensure_future(coroutine))
