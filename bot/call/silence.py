"""Notices when a call's packets stop arriving, long before ICE would (30 s: RFC 7675, 5.1)."""

import asyncio
from collections.abc import Callable
from typing import Final

from ..ice.path import SILENT_S

LOOK_S: Final = 0.1
"""How often to look while nothing arrives."""
LATE_S: Final = 0.15
"""A look that is later than this says nothing: the event loop was busy, and packets may be waiting
to be read."""


class SilenceDetector:
    """Watches one call for silence on the wire.

    :param last_heard: returns when the last packet arrived, in seconds of the loop's clock.
    :param on_change: called with False after :data:`SILENT_S` without a packet, and with True when
        packets arrive again.
    """

    def __init__(self, last_heard: Callable[[], float], on_change: Callable[[bool], None]) -> None:
        self._last_heard = last_heard
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._receives = True
        self._look_in(SILENT_S)

    def stop(self) -> None:
        """Stop watching: ``on_change`` is not called again."""
        self._timer.cancel()

    def _look_in(self, delay: float) -> None:
        self._timer = self._loop.call_later(delay, self._look, self._loop.time() + delay)

    def _look(self, due: float) -> None:
        now = self._loop.time()
        if now - due > LATE_S:
            self._look_in(LOOK_S)
            return
        silence = now - self._last_heard()
        receives = silence < SILENT_S
        self._look_in(max(LOOK_S, SILENT_S - silence) if receives else LOOK_S)
        if receives is not self._receives:
            self._receives = receives
            self._on_change(receives)
