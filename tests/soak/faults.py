"""What fails during the soak, one after the other."""

import asyncio
import itertools
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import httpx

from tests.chaos.books import eventually
from tests.e2e.cluster import WORKERS

from .system import System

FIRST_WORKER: Final = 1
LAST_WORKER: Final = WORKERS
REDIS_AWAY_S: Final = 2.0
LOOKED_S: Final = 5.0
BACK_S: Final = 90.0
"""A worker that dies often starts again after up to 15 s. All workers are replaced within a
minute: the calls of each leave within 15 s."""

Fault = Callable[[], Coroutine[Any, Any, None]]


class Faults:
    """What fails, and how often it has.

    :ivar count: how many faults there were.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self.count = 0
        self._early = itertools.cycle([self._kill_first, self._replace, self._redis_restarts])
        self._late = itertools.cycle([self._redis_restarts, self._kill_last])

    async def one(self, *, is_early: bool) -> None:
        """Let something fail, and wait until the server is ready again.

        :param is_early: any process may end. Later on, the process with pages and the first worker
            live on, so that what they hold can be compared.
        """
        fault = next(self._early if is_early else self._late)
        await fault()
        self.count += 1
        await eventually(self._is_well, True, BACK_S)

    async def _kill_first(self) -> None:
        self._kill(FIRST_WORKER)

    async def _kill_last(self) -> None:
        self._kill(LAST_WORKER)

    def _kill(self, number: int) -> None:
        os.kill(self._system.cluster.workers_by_number()[number], signal.SIGKILL)

    async def _replace(self) -> None:
        """Replace all workers one after the other, and wait until none of before is left."""
        before = set(self._system.cluster.workers_by_number().values())
        self._system.cluster.server.process.send_signal(signal.SIGHUP)

        async def left() -> set[int]:
            return before & set(self._system.cluster.workers_by_number().values())

        await eventually(left, set(), BACK_S)

    async def _redis_restarts(self) -> None:
        """Redis ends, and starts again without its memory."""
        self._system.cluster.redis.stop()
        await asyncio.sleep(REDIS_AWAY_S)
        await asyncio.to_thread(self._system.cluster.redis.start)

    async def _is_well(self) -> bool:
        """Whether the server says that it is ready, with all workers."""
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(base_url=self._system.cluster.url) as http:
                ready = (await http.get("readyz", timeout=LOOKED_S)).text
                lines = (await http.get("metrics", timeout=LOOKED_S)).text.splitlines()
            return ready == "ready\n" and f"voicedemo_workers {float(WORKERS)}" in lines
        return False
