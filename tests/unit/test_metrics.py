"""Metrics have as many series as we have routes, providers and so on, whatever strangers send."""

import re
from pathlib import Path

import httpx
import pytest
from django.test import AsyncClient

from calls import metrics
from signaling import limits, reported
from wire.model import Detail
from wire.page import ReportedEvent
from wire.states import CallState

pytestmark = [pytest.mark.unit, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).parents[2]


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


async def test_what_a_page_reports_cannot_make_series_of_its_own() -> None:
    before = series()
    for number in range(1000):
        for kind in ("restart", "candidate-error", f"kind-{number}"):
            detail: Detail = {"reason": f"reason-{number}", "code": float(number)}
            reported.count([ReportedEvent(at=0, kind=kind, detail=detail)])
        metrics.call_ended(CallState.ENDED, f"reason_{number}")
    reported.count([ReportedEvent(at=0, kind="candidate-error", detail={"code": "701"})])
    reported.count([ReportedEvent(at=0, kind="restart")])
    added = {name for name in series() - before if b"_created" not in name}
    known = {b'voicedemo_candidate_errors_total{code="%d"}' % n for n in metrics.CANDIDATE_ERRORS}
    others = {
        b'voicedemo_candidate_errors_total{code="other"}',
        b'voicedemo_restarts_total{cause="other"}',
    }
    assert added <= known | others


async def test_what_a_page_reports_is_counted() -> None:
    restarts, errors = b"voicedemo_restarts_total{", b"voicedemo_candidate_errors_total{"
    before = figure(restarts + b'cause="udp_again"}'), figure(errors + b'code="701"}')
    reported.count(
        [
            ReportedEvent(at=0, kind="restart", detail={"reason": "udp_again", "way": "udp"}),
            ReportedEvent(at=0, kind="candidate-error", detail={"url": "stun:x", "code": 701}),
        ]
    )
    after = figure(restarts + b'cause="udp_again"}'), figure(errors + b'code="701"}')
    assert after == (before[0] + 1, before[1] + 1)


def test_every_cause_of_a_restart_that_is_documented_is_a_label() -> None:
    text = (ROOT / "docs/networks.md").read_text()
    section = text.partition("## What the timeline says about repairs")[2].partition("\n## ")[0]
    listed = [line.partition(":")[0] for line in section.splitlines() if line.startswith("- ")]
    assert set(re.findall(r"`(\w+)`", " ".join(listed))) == metrics.RESTART_CAUSES


def figure(name: bytes) -> float:
    lines = dict(line.rpartition(b" ")[::2] for line in metrics.exposition(0, 1).splitlines())
    return float(lines.get(name, 0))
