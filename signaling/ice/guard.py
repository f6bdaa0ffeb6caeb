"""Protects calls from a provider that is slow or fails.

It sets a deadline, stops asking for a while after a failure, and keeps credentials.
"""

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
"""A call's credentials are given out again while this share of their lifetime is left."""
SPARE = timedelta(seconds=30)
"""If a provider gives no credentials, another call's are used. They last at least this long."""


class Guard:
    """A provider that answers in time or not at all.

    After a failure it is not asked for ten seconds, and twice as long after each further failure.
    If the provider asks for a longer pause, it gets that. Until then calls get credentials that it
    issued before, as long as these are valid.
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
        """Return servers for this call; None if the provider has none at the moment."""
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
            # A fault in one provider must not cost the call the others. Only the name of the
            # exception is logged, because its text may contain a secret.
            self._failed(ProviderError(type(exc).__name__))
            return self.spare(call_id)
        self._pause = FIRST_PAUSE
        self._keep(call_id, issued)
        metrics.ice_issued(self.name, "issued")
        return issued

    def has_issued(self, url: str) -> bool:
        """Whether this URL is among those that the provider issued last."""
        return endpoint_of(url) in self._endpoints

    def _failed(self, exc: ProviderError | TimeoutError) -> None:
        metrics.ice_issued(self.name, "failed")
        if datetime.now(UTC) < self._closed_until:
            return  # several calls asked at once: their failures count as one
        asked = exc.retry_after if isinstance(exc, ProviderError) else None
        pause = min(MAX_PAUSE, max(self._pause, asked or self._pause))
        self._closed_until = datetime.now(UTC) + pause
        self._pause = min(MAX_PAUSE, 2 * self._pause)
        log.warning(
            "ICE provider %s failed: %s; it is not asked again for %d s",
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
        """Return this call's last credentials, or else the newest of any call, if still valid."""
        newest = self._kept.get(call_id) or next(reversed(self._kept.values()), None)
        return newest if newest is not None and _lasts(newest, SPARE) else None


def _lasts(issued: IceServers, at_least: timedelta) -> bool:
    return issued.expires_at is None or issued.expires_at - datetime.now(UTC) >= at_least
