"""Protects calls from a provider that is slow or fails, and a provider from many calls at once.

It sets a deadline, stops asking for a while after a failure, and keeps each call's credentials.
"""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calls import metrics

from . import exchange
from .base import IceServers, Provider, ProviderError
from .http import TIMEOUT_S
from .selection import endpoint_of

log = logging.getLogger("voicedemo.ice")

FIRST_PAUSE = timedelta(seconds=10)
MAX_PAUSE = timedelta(minutes=5)
MAX_KEPT = 1000
MAX_AT_ONCE = 8
"""Requests to one provider at the same time. The others wait for their turn, so that a rush of
callers is not taken for a flood by the provider, which would answer 429 to all of them."""
REUSED_SHARE = 0.5
"""A call's credentials are given out again while this share of their lifetime is left."""
SPARE_S = 30
"""If a provider gives no new credentials, a call's last ones are used while they last this long."""


@dataclass(frozen=True)
class _Kept:
    """A call's last credentials. Times are of the monotonic clock."""

    issued: IceServers
    fresh_until: float
    usable_until: float

    @classmethod
    def of(cls, issued: IceServers) -> "_Kept":
        if issued.expires_at is None:
            return cls(issued, math.inf, math.inf)
        now, life_s = time.monotonic(), (issued.expires_at - datetime.now(UTC)).total_seconds()
        return cls(issued, now + (1 - REUSED_SHARE) * life_s, now + life_s - SPARE_S)

    @property
    def fresh_s(self) -> float:
        return self.fresh_until - time.monotonic()


class Guard:
    """A provider that answers in time or not at all.

    After a failure it is not asked for ten seconds, and twice as long after each further failure.
    If the provider asks for a longer pause, it gets that. Until then a call gets the credentials
    that it had before, as long as these are valid. It never gets another call's: whoever has a
    credential can use up its quota at the TURN server, and a relay is traced to a call by it.
    """

    def __init__(self, provider: Provider) -> None:
        self.name = provider.name
        self._provider = provider
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asked: dict[str, asyncio.Task[IceServers | None]] = {}
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._endpoints: frozenset[tuple[str, str, int]] = frozenset()
        self._pause = FIRST_PAUSE
        self._closed_until = -math.inf

    def would_ask(self, call_id: str) -> bool:
        """Whether ``issue`` would ask the provider for new credentials now."""
        return not (self._fresh(call_id) or call_id in self._asked or self._is_closed)

    def knows(self, call_id: str) -> bool:
        """Whether this call has had credentials before."""
        return call_id in self._kept

    def learn(self, call_id: str, known: exchange.Known) -> None:
        """Take note of what another process knows."""
        now = time.monotonic()
        self._closed_until = max(self._closed_until, now + known.pause_s)
        if known.issued:
            fresh_until, usable_until = now + known.fresh_s, now + known.life_s - SPARE_S
            self._keep(call_id, _Kept(known.issued, fresh_until, usable_until))

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers | None:
        """Return servers for this call; None if the provider has none at the moment."""
        if fresh := self._fresh(call_id):
            return fresh
        if call_id not in self._asked:  # by the page and by the bot, or on two sockets
            self._asked[call_id] = task = asyncio.create_task(self._ask(call_id, ttl))
            task.add_done_callback(lambda _: self._asked.pop(call_id))
        return await asyncio.shield(self._asked[call_id])

    def last(self, call_id: str) -> IceServers | None:
        """Return this call's last credentials if they are still valid."""
        kept = self._kept.get(call_id)
        return kept.issued if kept and time.monotonic() < kept.usable_until else None

    def has_issued(self, url: str) -> bool:
        """Whether this URL is among those that the provider issued last."""
        return endpoint_of(url) in self._endpoints

    @property
    def _is_closed(self) -> bool:
        return time.monotonic() < self._closed_until

    def _fresh(self, call_id: str) -> IceServers | None:
        kept = self._kept.get(call_id)
        return kept.issued if kept and time.monotonic() < kept.fresh_until else None

    async def _ask(self, call_id: str, ttl: timedelta) -> IceServers | None:
        async with self._turns:
            if self._is_closed:  # from the start, or since it waits for its turn
                metrics.ice_issued(self.name, "skipped")
                return self.last(call_id)
            return await self._ask_now(call_id, ttl)

    async def _ask_now(self, call_id: str, ttl: timedelta) -> IceServers | None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                issued = await self._provider.issue(call_id, ttl)
        except (ProviderError, TimeoutError) as exc:
            self._failed(exc)
            if isinstance(exc, ProviderError) and exc.retry_after:
                pause = min(MAX_PAUSE, exc.retry_after)
                await exchange.tell_pause(self.name, pause.total_seconds())
            return self.last(call_id)
        except Exception as exc:  # noqa: BLE001
            # A fault in one provider must not cost the call the others. Only the name of the
            # exception is logged, because its text may contain a secret.
            self._failed(ProviderError(type(exc).__name__))
            return self.last(call_id)
        self._pause = FIRST_PAUSE
        kept = _Kept.of(issued)
        self._keep(call_id, kept)
        metrics.ice_issued(self.name, "issued")
        await exchange.tell_issued(self.name, call_id, issued, kept.fresh_s)
        return issued

    def _failed(self, exc: ProviderError | TimeoutError) -> None:
        metrics.ice_issued(self.name, "failed")
        if self._is_closed:
            return  # several calls asked at once: their failures count as one
        asked = exc.retry_after if isinstance(exc, ProviderError) else None
        pause = min(MAX_PAUSE, max(self._pause, asked or self._pause))
        self._closed_until = time.monotonic() + pause.total_seconds()
        self._pause = min(MAX_PAUSE, 2 * self._pause)
        log.warning(
            "ICE provider %s failed: %s; it is not asked again for %d s",
            self.name,
            str(exc) or "no answer",
            pause.total_seconds(),
        )

    def _keep(self, call_id: str, kept: _Kept) -> None:
        urls = (url for server in kept.issued.servers for url in server.urls)
        self._endpoints = frozenset(filter(None, map(endpoint_of, urls)))
        self._kept[call_id] = kept
        self._kept.move_to_end(call_id)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
