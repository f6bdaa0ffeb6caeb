"""What the process tells Prometheus, behind verbs."""

import asyncio
import threading

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import Counter, Gauge, Histogram, generate_latest

from wire.states import LIVE

from .models import Call

__all__ = [
    "CONTENT_TYPE",
    "answered",
    "call_admitted",
    "exposition",
    "free_lines",
    "ice_issued",
    "message_refused",
    "relayed",
    "request_limited",
]

_calls_live = Gauge("voicedemo_calls_live", "Calls connecting, connected or recovering")
_calls_admitted = Counter("voicedemo_calls_admitted", "Calls admitted", ["voice"])
_messages_refused = Counter("voicedemo_messages_refused", "Messages answered by an error", ["code"])
_ice_issued = Counter(
    "voicedemo_ice_issued", "Answers of the providers of ICE servers", ["provider", "outcome"]
)
_relayed_bytes = Counter(
    "voicedemo_relayed_bytes", "Bytes over TURN, both ways", ["provider", "protocol"]
)
_requests_limited = Counter("voicedemo_requests_limited", "Requests answered by 429", ["path"])
_turns = Histogram(
    "voicedemo_turn_seconds",
    "From the end of what the person said to the first sound of the answer",
    buckets=(0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0, 3.0, 5.0),
)
_tasks = Gauge("voicedemo_asyncio_tasks", "Tasks of the event loop")
_threads = Gauge("voicedemo_threads", "Threads of the process")
_pool_threads = Gauge(
    "voicedemo_pool_threads", "Of these the event loop's pool, which never shrinks"
)


def call_admitted(voice: str) -> None:
    _calls_admitted.labels(voice).inc()


def answered(wait_s: float) -> None:
    """:param wait_s: the person's, for the bot."""
    _turns.observe(wait_s)


def message_refused(code: str) -> None:
    _messages_refused.labels(code).inc()


def ice_issued(provider: str, outcome: str) -> None:
    """:param outcome: ``issued``, ``failed``, or ``skipped`` while it is left alone."""
    _ice_issued.labels(provider, outcome).inc()


def relayed(provider: str, protocol: str, count: int) -> None:
    """:param count: bytes."""
    _relayed_bytes.labels(provider, protocol).inc(count)


def request_limited(path: str) -> None:
    _requests_limited.labels(path).inc()


async def free_lines() -> int:
    return max(0, settings.VOICEDEMO_MAX_CALLS - await _live())


async def exposition() -> bytes:
    _calls_live.set(await _live())
    _tasks.set(len(asyncio.all_tasks()))
    _threads.set(threading.active_count())
    _pool_threads.set(sum(t.name.startswith("asyncio_") for t in threading.enumerate()))
    return generate_latest()


async def _live() -> int:
    return await Call.objects.filter(state__in=LIVE).acount()
