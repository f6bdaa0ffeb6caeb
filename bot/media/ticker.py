"""The clock of all audio: one tick every 20 ms."""

import asyncio
import contextvars
from collections.abc import Callable

from .packet import FRAME_S

Tick = Callable[[], None]


class Ticker:
    """Calls its subscribers every 20 ms, from one timer. Without subscribers there is no timer.

    Ticks that were missed while the event loop was busy are not made up for: the peer's jitter
    buffer would throw a burst of late packets away.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Not that of the call which happens to subscribe first.
        self._context = contextvars.copy_context()
        self._subscribers: dict[Tick, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def subscribe(self, tick: Tick) -> None:
        """Call ``tick`` every 20 ms from now on."""
        self._subscribers[tick] = None
        if self._timer is None:
            self._due = self._loop.time()
            self._schedule()

    def unsubscribe(self, tick: Tick) -> None:
        """Stop calling ``tick``, if it is subscribed."""
        self._subscribers.pop(tick, None)

    def _schedule(self) -> None:
        self._due = max(self._due + FRAME_S, self._loop.time())
        self._timer = self._loop.call_at(self._due, self._tick, context=self._context)

    def _tick(self) -> None:
        self._timer = None
        if not self._subscribers:
            return
        self._schedule()
        for tick in list(self._subscribers):
            try:
                tick()
            except Exception as exc:  # noqa: BLE001
                # A call that fails must not silence the others.
                self._loop.call_exception_handler(
                    {"message": "a tick failed", "exception": exc, "tick": tick}
                )
