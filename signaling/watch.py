"""Notices that a worker is gone, and tells the pages that have a call there."""

import asyncio
import logging
from collections.abc import Collection

from fleet.base import FleetError
from fleet.chosen import fleet

from . import sockets

log = logging.getLogger("voicedemo.watch")

LOOK_EVERY_S = 0.2
GONE_AFTER_S = 1.2
"""A worker without a lease is taken for dead after this. When Redis starts again without its
memory, no worker has a lease until each has renewed its own."""


class Watch:
    """The workers that have no lease, and since when."""

    def __init__(self) -> None:
        self._without_since: dict[str, float] = {}

    async def gone(self, channels: Collection[str]) -> set[str]:
        """Return those of the channels whose workers are gone. None while nobody knows."""
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
        return late | (roll.gone - up)

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
        channels = {channel for _, channel in with_calls}
        gone = await self.gone(channels)
        for channel in self._without_since.keys() - channels:
            del self._without_since[channel]  # nobody asks any more
        for socket, channel in with_calls:
            if channel in gone:
                await socket.move_from(channel)


watch = Watch()
"""That of this process."""
