"""Metrics have as many series as we have routes, providers and so on, whatever strangers send."""

import httpx
import pytest
from django.test import AsyncClient

from calls import metrics
from signaling import limits

pytestmark = [pytest.mark.unit, pytest.mark.django_db(transaction=True)]


def series() -> set[bytes]:
    return {line.rpartition(b" ")[0] for line in metrics.exposition(0, 1).splitlines()}


async def test_a_worker_of_its_own_answers_prometheus() -> None:
    metrics.loop_lag(0.25)
    port = metrics.serve_workers_own("127.0.0.1", 0)
    async with httpx.AsyncClient() as client:
        response = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert response.headers["Server"] == "voicedemo"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    lines = dict(
        line.split() for line in response.text.splitlines() if line.startswith("voicedemo_")
    )
    assert lines["voicedemo_loop_lag_seconds"] == "0.25"
    assert float(lines["voicedemo_asyncio_tasks"]) >= 1
    assert not {"voicedemo_calls_live", "voicedemo_workers"} & lines.keys()


async def test_a_client_cannot_make_series_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The root path is the client's text where a server believes its header."""
    monkeypatch.setattr(limits.requests, "take", lambda client: 1.0)
    before = series()
    for number in range(50):
        client = AsyncClient()
        client.defaults["root_path"] = f"/{number}"
        assert (await client.get(f"/{number}/api/ticket/")).status_code == 429
    added = {name for name in series() - before if b"_created" not in name}
    assert added <= {b'voicedemo_requests_limited_total{route="ticket"}'}
