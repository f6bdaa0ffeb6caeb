"""What the server tells its operators, and nobody else."""

from typing import Any

import pytest
from django.test import AsyncClient

from fleet import chosen
from fleet.lease import WorkerLease

pytestmark = [pytest.mark.ws, pytest.mark.django_db(transaction=True)]


async def test_metrics_are_not_for_visitors(settings: Any) -> None:
    settings.VOICEDEMO_PROXIES = 1
    client = AsyncClient()
    assert b"voicedemo_calls_live" in (await client.get("/metrics")).content
    refused = await client.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"})
    assert refused.status_code == 403
    assert b"voicedemo_" not in refused.content
    settings.VOICEDEMO_METRICS_FROM = ["198.51.100.0/24"]
    listed = await client.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"})
    assert listed.status_code == 200


async def test_readiness_tells_no_numbers(settings: Any) -> None:
    client = AsyncClient()
    chosen.fleet.cache_clear()
    none = await client.get("/readyz")
    assert (none.status_code, none.content) == (503, b"no bot worker is up\n")
    await chosen.fleet().renew(WorkerLease(channel="bot.one.0", capacity=1))
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.content) == (200, b"ready\n")
    settings.VOICEDEMO_MAX_CALLS = 0
    busy = await client.get("/readyz")
    assert (busy.status_code, busy.content) == (503, b"every line is taken\n")
