"""Keeps a provider's troubles from the calls: a deadline, a circuit breaker, credentials kept."""

import asyncio
import logging
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from calls import metrics

from .base import IceServers, Provider, ProviderError
from .http import TIMEOUT_S
from .selection import endpoint_of

log = logging.getLogger("voicedemo.ice")

FIRST_PAUSE = timedelta(seconds=10)
MAX_PAUSE = timedelta(minutes=5)
MAX_KEPT = 1000
REUSED_SHARE = 0.5
"""What was issued for a call is given again while so much of its life is left."""
SPARE = timedelta(seconds=30)
"""Another call's credentials are of use for at least this long, where there are no own ones."""


class Guard:
    """A provider that answers in time or not at all.

    After a failure it is left alone for ten seconds, then twice as long each time, or for as long
    as it asked; meanwhile what it issued before is used up.
    """

    def __init__(self, provider: Provider) -> None:
        self.name = provider.name
        self._provider = provider
        self._kept: OrderedDict[str, IceServers] = OrderedDict()
        self._asked: dict[str, asyncio.Task[IceServers | None]] = {}
        self._endpoints: frozenset[tuple[str, str, int]] = frozenset()
        self._pause = FIRST_PAUSE
        self._closed_until = datetime.min.replace(tzinfo=UTC)

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers | None:
        """Servers for this call; None where there are none to be had now."""
        kept = self._kept.get(call_id)
        if kept is not None and _lasts(kept, REUSED_SHARE * ttl):
            return kept
        if datetime.now(UTC) < self._closed_until:
            metrics.ice_issued(self.name, "skipped")
            return self.spare(call_id)
        if call_id not in self._asked:  # by the page and by the bot, or on two sockets
            self._asked[call_id] = task = asyncio.create_task(self._ask(call_id, ttl))
            task.add_done_callback(lambda _: self._asked.pop(call_id))
        return await asyncio.shield(self._asked[call_id])

    async def _ask(self, call_id: str, ttl: timedelta) -> IceServers | None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                issued = await self._provider.issue(call_id, ttl)
        except (ProviderError, TimeoutError) as exc:
            self._failed(exc)
            return self.spare(call_id)
        except Exception as exc:  # noqa: BLE001
            # Whatever a provider's answer has set off must not cost the call the other providers;
            # the text may quote a secret, the name does not.
            self._failed(ProviderError(type(exc).__name__))
            return self.spare(call_id)
        self._pause = FIRST_PAUSE
        self._keep(call_id, issued)
        metrics.ice_issued(self.name, "issued")
        return issued

    def has_issued(self, url: str) -> bool:
        """Whether this URL is one of those that were issued last."""
        return endpoint_of(url) in self._endpoints

    def _failed(self, exc: ProviderError | TimeoutError) -> None:
        metrics.ice_issued(self.name, "failed")
        if datetime.now(UTC) < self._closed_until:
            return  # of several calls at once: one trouble, one pause
        asked = exc.retry_after if isinstance(exc, ProviderError) else None
        pause = min(MAX_PAUSE, max(self._pause, asked or self._pause))
        self._closed_until = datetime.now(UTC) + pause
        self._pause = min(MAX_PAUSE, 2 * self._pause)
        log.warning(
            "ICE provider %s: %s; left alone for %d s",
            self.name,
            str(exc) or "no answer",
            pause.total_seconds(),
        )

    def _keep(self, call_id: str, issued: IceServers) -> None:
        urls = (url for server in issued.servers for url in server.urls)
        self._endpoints = frozenset(filter(None, map(endpoint_of, urls)))
        self._kept[call_id] = issued
        self._kept.move_to_end(call_id)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def spare(self, call_id: str) -> IceServers | None:
        """What was issued for this call before, or else the newest for anybody, while it lasts."""
        newest = self._kept.get(call_id) or next(reversed(self._kept.values()), None)
        return newest if newest is not None and _lasts(newest, SPARE) else None


def _lasts(issued: IceServers, at_least: timedelta) -> bool:
    return issued.expires_at is None or issued.expires_at - datetime.now(UTC) >= at_least
