"""Whether a call's packets still arrive, found out long before ICE would say so."""

import asyncio
from collections.abc import Callable
from typing import Final

from ..ice.path import SILENT_S

LOOK_S: Final = 0.1
"""How often to look while nothing arrives."""
LATE_S: Final = 0.15
"""Woken later than this, the silence may be our own: packets are still waiting to be read."""


class Hearing:
    """Watches one call for silence on the wire.

    :param last_heard: when the last packet came, in seconds of the loop's clock.
    :param on_change: told False when nothing came for :data:`SILENT_S`, True when it does again.
    """

    def __init__(self, last_heard: Callable[[], float], on_change: Callable[[bool], None]) -> None:
        self._last_heard = last_heard
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._hears = True
        self._look_in(SILENT_S)

    def stop(self) -> None:
        self._timer.cancel()

    def _look_in(self, delay: float) -> None:
        self._timer = self._loop.call_later(delay, self._look, self._loop.time() + delay)

    def _look(self, due: float) -> None:
        now = self._loop.time()
        if now - due > LATE_S:
            self._look_in(LOOK_S)
            return
        silence = now - self._last_heard()
        hears = silence < SILENT_S
        self._look_in(max(LOOK_S, SILENT_S - silence) if hears else LOOK_S)
        if hears is not self._hears:
            self._hears = hears
            self._on_change(hears)
