import asyncio
from collections.abc import Callable


class Timers:
    """The named timers of one call."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def start(self, name: str, delay: float, then: Callable[[], None]) -> None:
        """Call ``then`` after ``delay`` seconds. Replaces a running timer with the same name."""
        self.cancel(name)
        self._handles[name] = self._loop.call_later(delay, then)

    def cancel(self, name: str) -> None:
        timer = self._handles.pop(name, None)
        if timer is not None:
            timer.cancel()

    def cancel_all(self) -> None:
        for name in list(self._handles):
            self.cancel(name)
