"""Any request over HTTP: the answer is the client's fault or a good one, never the server's."""

import asyncio
import logging
import re
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls import labels, tickets
from fleet import chosen
from fleet.lease import WorkerLease
from voicedemo.asgi import application

pytestmark = [pytest.mark.ws, pytest.mark.usefixtures("plain_static", "transactional_db")]

PATHS: Final = (
    "/",
    "/check/",
    "/api/check/",
    "/api/ice/",
    "/api/ticket/",
    "/api/stand/",
    "/s/",
    "/stand/",
    "/logo",
    "/phone/",
    "/phone/authority/",
    "/manifest.webmanifest",
    "/offline/",
    "/worker.js",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/",
    "/ws/call/",
)
HEADERS: Final = (
    "X-Call-Ticket",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "Accept-Language",
    "Accept",
    "Content-Type",
    "Cookie",
    "Host",
    "Origin",
    "Range",
    "If-Modified-Since",
    "Daphne-Root-Path",
)
REPORT: Final = b'{"verdict":"good","rows":[],"userAgent":"x"}'

line = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60)
url_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(
    lambda text: re.sub(r"[\x00-\x1f\x7f?#]", "", text)
)
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "X"])
paths = st.sampled_from(PATHS).flatmap(
    lambda path: st.just(path) | url_text.map(lambda more: path + more)
)
labelled = st.deferred(lambda: st.just(labels.sign("hall 3")))
ticketed = st.deferred(lambda: st.just(tickets.issue()))
queries = st.dictionaries(url_text | st.just("from"), url_text | labelled, max_size=3)
headers = st.dictionaries(st.sampled_from(HEADERS), line | ticketed, max_size=4)
bodies = st.binary(max_size=200) | st.just(REPORT) | st.just(b"x" * 20_000)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop, in a process whose worker takes calls: `/readyz` is 503 without one."""
    chosen.fleet.cache_clear()
    with asyncio.Runner() as runner:
        runner.run(chosen.fleet().renew(WorkerLease(channel="bot.one.0", capacity=1)))
        yield runner


async def ask(
    method: str, path: str, query: dict[str, str], header: dict[str, str], body: bytes
) -> int:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in header.items()]
    transport = httpx.ASGITransport(application, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        request = http.build_request(method, path, params=query, headers=encoded, content=body)
        return (await http.send(request)).status_code


def hammer(runner: asyncio.Runner, caplog: pytest.LogCaptureFixture, examples: int) -> None:
    caplog.set_level(logging.ERROR)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(methods, paths, queries, headers, bodies)
    def answered(
        method: str, path: str, query: dict[str, str], header: dict[str, str], body: bytes
    ) -> None:
        assert runner.run(ask(method, path, query, header, body)) < 500
        assert [record for record in caplog.records if record.exc_info] == []

    answered()


def test_no_request_makes_the_server_fail(
    runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    hammer(runner, caplog, 200)


@pytest.mark.long
def test_no_request_makes_the_server_fail_however_many(
    runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    hammer(runner, caplog, 5_000)
