"""Notices that a worker is gone or about to stop, and tells the pages that have a call there."""

import asyncio
import logging
from collections.abc import Collection

from fleet.base import FleetError
from fleet.chosen import fleet

from . import sockets

log = logging.getLogger("voicedemo.watch")

LOOK_EVERY_S = 0.2
MOVES_AT_ONCE = 20
"""A hundred calls a second move. All at once, they would wait for each other."""
GONE_AFTER_S = 1.2
"""A worker without a lease is taken for dead after this. When Redis starts again without its
memory, no worker has a lease until each has renewed its own."""


class Watch:
    """The workers that have no lease, and since when."""

    def __init__(self) -> None:
        self._without_since: dict[str, float] = {}

    async def left(self, channels: Collection[str]) -> set[str]:
        """Return those of the channels whose calls have to move. None while nobody knows.

        Their workers are gone, or about to stop, and then there is another one to move to.
        """
        if not channels:
            return set()
        try:
            roll = await fleet().roll(channels)
        except FleetError:
            self._without_since.clear()
            return set()
        up = {lease.channel for lease in roll.up}
        now = asyncio.get_running_loop().time()
        without = set(channels) - up
        for channel in without:
            self._without_since.setdefault(channel, now)
        for channel in up.intersection(self._without_since):
            del self._without_since[channel]
        late = {channel for channel in without if now - self._without_since[channel] > GONE_AFTER_S}
        stays = any(not lease.is_draining for lease in roll.up)
        draining = {lease.channel for lease in roll.up if lease.is_draining and stays}
        return late | (roll.gone - up) | draining.intersection(channels)

    async def run(self) -> None:
        """Tell each page once that its call's worker is gone, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Exception:
                log.exception("nobody looked whether the calls' workers are up")

    async def look(self) -> None:
        with_calls = list(sockets.open_sockets.with_calls())
        left = await self.left({channel for _, channel in with_calls})
        told = 0
        for socket, channel in with_calls:
            if channel in left and told < MOVES_AT_ONCE:
                told += await socket.move_from(channel)


watch = Watch()
"""That of this process."""
