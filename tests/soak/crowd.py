"""Visitors who come and go: they call, test the network, vanish, and look at pages."""

import asyncio
import itertools
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import httpx
from websockets.exceptions import WebSocketException

from tests.chaos.callers import Caller, Callers, address_of
from tests.chaos.page import Page, RefusedError
from tests.visited import PAGES

SHORTEST_S: Final = 5.0
LONGEST_S: Final = 60.0
TILTED: Final = 1.3
"""The exponent of the lengths of calls (Pareto): most calls are short."""
SELFTEST_CALLS: Final = 2
SELFTEST_CALL_S: Final = 3.0
VANISHES_AFTER_S: Final = 8.0
RESTARTS: Final = 0.3
"""The share of calls that restart ICE."""
VOICES: Final = ("echo", "echo", "parrot", "tone")
HUNG_UP_S: Final = 30.0
AGAIN_S: Final = 1.0
NOT_TAKEN: Final = (RefusedError, OSError, httpx.HTTPError, WebSocketException)
"""What a visitor may meet while something has failed. A ``TimeoutError`` is an ``OSError``."""
REPORT: Final = {
    "verdict": "all_good",
    "rows": [{"name": "server", "status": "good", "found": "server_reached", "data": {}}],
    "userAgent": "soak",
}


class Crowd:
    """So many visitors at a time. Where one leaves, the next one comes.

    :param url: of the server.
    :param size: how many.

    :ivar calls: how many calls there were.
    :ivar done: what there was, by kind.
    :ivar missed: what a fault kept visitors from, by kind and error.
    """

    def __init__(self, url: str, size: int, dice: random.Random) -> None:
        self._url = url
        self._dice = dice
        self._callers = Callers([url])
        self._strangers = itertools.count(0x800000)
        self._over = asyncio.Event()
        self._kinds: dict[Callable[[], Awaitable[None]], int] = {
            self._call: 10,
            self._vanish: 2,
            self._selftest: 1,
            self._socket: 2,
            self._read: 2,
        }
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self._tasks = [asyncio.create_task(self._visit_again_and_again()) for _ in range(size)]

    @property
    def calls(self) -> int:
        return self.done["calls"]

    @property
    def up(self) -> int:
        """How many calls are up."""
        return len(self._callers.up)

    @property
    def moves(self) -> int:
        return self.done["moves"]

    def assert_well(self) -> None:
        """No visitor has met anything that must never happen.

        :raises BaseException: what one of them has met.
        """
        for task in self._tasks:
            if task.done():
                task.result()

    async def leave(self) -> None:
        """Let all visitors end what they do, and leave."""
        self._over.set()
        await asyncio.gather(*self._tasks)
        await self._callers.close()

    async def close(self) -> None:
        """Leave at once, whatever has happened."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._callers.close()

    async def _visit_again_and_again(self) -> None:
        while not self._over.is_set():
            (visit,) = self._dice.choices([*self._kinds], [*self._kinds.values()])
            try:
                await visit()
            except NOT_TAKEN as exc:
                self.missed[f"{visit.__name__.strip('_')}: {_told(exc)}"] += 1
                await self._stay(AGAIN_S)

    async def _stay(self, seconds: float) -> None:
        """Stay for so long, or until all leave."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    # What visitors do.

    async def _call(self) -> None:
        length_s = min(LONGEST_S, SHORTEST_S * self._dice.paretovariate(TILTED))
        async with self._in_call(self._dice.choice(VOICES)) as caller:
            await self._stay(length_s / 2)
            if self._dice.random() < RESTARTS:
                await caller.restart_ice()
                self.done["restarts"] += 1
            await self._stay(length_s / 2)

    async def _vanish(self) -> None:
        """Call, and be gone without a word."""
        caller = await self._callers.one()
        await self._stay(self._dice.uniform(0, VANISHES_AFTER_S))
        self._callers.up.remove(caller)
        await caller.vanish()
        self.done["calls"] += 1
        self.done["vanished"] += 1

    async def _selftest(self) -> None:
        async with self._asking() as http:
            text = (await self._get(http, "check/")).text
            ticket, source = (_meta(text, name) for name in ("ticket", "source"))
            await self._get(http, "api/ice/", {"X-Call-Ticket": ticket})
            for _ in range(SELFTEST_CALLS):
                async with self._in_call("echo", source):
                    await self._stay(SELFTEST_CALL_S)
            kept = await http.post("api/check/", json=REPORT)
            assert kept.status_code == 201, kept.text
        self.done["self-tests"] += 1

    async def _socket(self) -> None:
        """Open a page's socket, and close it."""
        page = Page([self._url], address_of(next(self._strangers)), lambda: None)
        try:
            async with asyncio.timeout(HUNG_UP_S):
                await page.open()
        finally:
            await page.close()
        self.done["sockets"] += 1

    async def _read(self) -> None:
        """Look at every page."""
        async with self._asking() as http:
            for path in PAGES:
                await self._get(http, path)
                self.done["pages"] += 1

    @asynccontextmanager
    async def _in_call(self, voice: str, source: str = "") -> AsyncIterator[Caller]:
        caller = await self._callers.one(voice, source)
        try:
            yield caller
            self._callers.up.remove(caller)
            await self._hang_up(caller)
        except BaseException:
            await caller.vanish()
            raise
        finally:
            if caller in self._callers.up:
                self._callers.up.remove(caller)
            self.done["calls"] += 1
            self.done["moves"] += caller.moves

    async def _hang_up(self, caller: Caller) -> None:
        try:
            async with asyncio.timeout(HUNG_UP_S):
                self.done[f"calls {await caller.hang_up()}"] += 1
        except TimeoutError as exc:
            raise TimeoutError("the server did not answer the goodbye") from exc

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[httpx.AsyncClient]:
        """A visitor's HTTP client, in a network of its own."""
        headers = {"X-Forwarded-For": address_of(next(self._strangers))}
        async with httpx.AsyncClient(base_url=self._url, headers=headers, timeout=20) as http:
            yield http

    async def _get(
        self, http: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        response = await http.get(path, headers=headers)
        assert response.status_code != 500, f"{path}: {response.text}"
        return response


def _told(exc: BaseException) -> str:
    """What a visitor was told, or has met."""
    if isinstance(exc, RefusedError):
        return str(exc.told.get("code") or exc.told["reason"])
    return f"{type(exc).__name__} {exc}"


def _meta(page: str, name: str) -> str:
    """The content of a page's ``<meta>``."""
    found = re.search(rf'<meta name="{name}" content="([^"]*)"', page)
    assert found, f"the page has no {name}"
    return found[1]
