"""Prometheus metrics of this process. Callers use the functions and never see a label."""

import asyncio
import math
import threading
from collections.abc import Callable, Iterable
from typing import Any, Literal
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
    make_wsgi_app,
    start_http_server,
)
from prometheus_client.registry import Collector

from wire.reasons import Reason
from wire.states import CallState

POOLS = ("asyncio_", "database-")
"""The names of their threads begin so: those of the event loop and of ``calls.database``."""
OTHER = "other"
"""The label of what a stranger may make up: a metric has as many series as we know values."""
REASONS = frozenset(reason.code for reason in Reason)
RESTART_CAUSES = frozenset(
    {
        "path_silent",
        "path_lost",
        "network_changed",
        "page_frozen",
        "heartbeat_lost",
        "udp_crippled",
        "udp_again",
        "socket_back",
        "no_way_yet",
        "credentials",
        "developer",
    }
)
"""Why pages restart ICE (docs/networks.md)."""
CANDIDATE_ERRORS = frozenset(
    {300, 400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 446, 447, 486, 500, 508, 600, 701}
)
"""The error codes of STUN and TURN servers (IANA, "STUN Error Codes"), 600 as browsers use it for
failures without one, and 701 for a server that cannot be reached (webrtc-pc, 4.8.1.3)."""

__all__ = [
    "CONTENT_TYPE",
    "answered",
    "call_admitted",
    "call_ended",
    "call_moved",
    "candidate_failed",
    "counted_alone",
    "exposition",
    "first_audio",
    "gap",
    "handed_over",
    "heartbeat",
    "ice_issued",
    "loop_lag",
    "message_refused",
    "messages_dropped",
    "path_selected",
    "records_lost",
    "relayed",
    "request_limited",
    "restart_ended",
    "restarted",
    "serve_workers_own",
    "turn_credentials_refused",
    "watch_queues",
    "worker_ended",
    "worker_load",
]

_calls_live = Gauge(
    "voicedemo_calls_live",
    "Calls connecting, connected or recovering; NaN while the database is away",
)
_workers = Gauge("voicedemo_workers", "Bot workers that take calls; NaN while Redis is away")
_workers_ended = Counter("voicedemo_workers_ended", "Bot workers of this machine", ["how"])
for _how in ("died", "replaced"):
    _workers_ended.labels(_how)  # Prometheus sees the first one only if it has seen a 0
_calls_moved = Counter("voicedemo_calls_moved", "Calls that another worker has taken over")
_calls_ended = Counter("voicedemo_calls_ended", "Calls that are over", ["outcome", "reason"])
for _end in (CallState.ENDED, CallState.FAILED):
    _calls_ended.labels(_end.value, OTHER)
_calls_ended.labels(CallState.FAILED.value, Reason.INTERNAL.code)
_calls_admitted = Counter("voicedemo_calls_admitted", "Calls admitted", ["voice"])
_messages_refused = Counter("voicedemo_messages_refused", "Messages answered by an error", ["code"])
_ice_issued = Counter(
    "voicedemo_ice_issued", "Answers of the providers of ICE servers", ["provider", "outcome"]
)
_relayed_bytes = Counter(
    "voicedemo_relayed_bytes", "Bytes over TURN, both ways", ["provider", "protocol"]
)
_requests_limited = Counter("voicedemo_requests_limited", "Requests answered by 429", ["route"])
_records_lost = Counter("voicedemo_records_lost", "Records of calls that are lost", ["why"])
for _why in ("failed", "full", "capped"):
    _records_lost.labels(_why)
_turn_credentials_refused = Counter(
    "voicedemo_turn_credentials_refused", "TURN credentials over the budget", ["limit"]
)
_turn_credentials_refused.labels("all_day")
_counted_alone = Counter(
    "voicedemo_counted_alone", "Times that a limit was counted by this process, as Redis was away"
)
_handed_over = Counter(
    "voicedemo_handed_over",
    "Packets and connections for another worker on this machine's media port",
    ["outcome"],
)
for _outcome in ("passed", "full", "away"):
    _handed_over.labels(_outcome)
_waiting = Gauge("voicedemo_waiting", "Callers of this process who wait for a line")
_turns = Histogram(
    "voicedemo_turn_seconds",
    "From the end of what the person said to the first sound of the answer",
    buckets=(0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0, 3.0, 5.0),
)
_first_audio = Histogram(
    "voicedemo_first_audio_seconds",
    "From the offer that opens a call, at its worker, until the bot begins to send sound",
    buckets=(0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0),
)
_gaps = Histogram(
    "voicedemo_gap_seconds",
    "How long the bot received nothing of a call that went on",
    buckets=(0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0),
)
_heartbeats = Histogram(
    "voicedemo_heartbeat_seconds",
    "A round trip between the bot and the page",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0),
)
_paths = Counter("voicedemo_paths", "Times that packets went over another candidate pair", ["way"])
for _way in ("udp", "tcp", "relay"):
    _paths.labels(_way)
_restarts = Counter("voicedemo_restarts", "ICE restarts that pages report", ["cause"])
for _cause in sorted(RESTART_CAUSES):
    _restarts.labels(_cause)
_restarts_ended = Counter(
    "voicedemo_restarts_ended", "ICE restarts, counted by the bot when they are over", ["outcome"]
)
for _outcome in ("up", "replaced", "given_up"):
    _restarts_ended.labels(_outcome)
_candidate_errors = Counter(
    "voicedemo_candidate_errors", "STUN and TURN servers that failed a page", ["code"]
)
_messages_dropped = Counter(
    "voicedemo_messages_dropped", "Messages of pages for which their calls had no room"
)
_queues = Gauge("voicedemo_queue_length", "What waits in this worker", ["queue"])
_worker_calls = Gauge("voicedemo_worker_calls", "Calls of this worker")
_worker_busy = Gauge(
    "voicedemo_worker_busy_ratio", "The load of this worker: of CPU or loop lag, whichever is worse"
)
_loop_lag = Gauge(
    "voicedemo_loop_lag_seconds", "How late the event loop was in the last second, at worst"
)
_tasks = Gauge("voicedemo_asyncio_tasks", "Tasks of the event loop")
_threads = Gauge("voicedemo_threads", "Threads of the process")
_pool_threads = Gauge(
    "voicedemo_pool_threads", "Of these, the threads of pools, which never shrink"
)


def call_admitted(voice: str) -> None:
    _calls_admitted.labels(voice).inc()


def call_moved() -> None:
    _calls_moved.inc()


def call_ended(outcome: CallState, reason: str, count: int = 1) -> None:
    """:param reason: may be a page's own text."""
    known = reason if reason in REASONS else OTHER
    _calls_ended.labels(outcome.value, known).inc(count)


def first_audio(wait_s: float) -> None:
    _first_audio.observe(wait_s)


def gap(silence_s: float) -> None:
    _gaps.observe(silence_s)


def heartbeat(round_trip_s: float) -> None:
    _heartbeats.observe(round_trip_s)


def path_selected(way: Literal["udp", "tcp", "relay"]) -> None:
    """:param way: ``relay`` if either side uses a TURN server, and ``tcp`` or ``udp`` otherwise."""
    _paths.labels(way).inc()


def restarted(cause: object) -> None:
    """:param cause: what a page says."""
    known = cause if isinstance(cause, str) and cause in RESTART_CAUSES else OTHER
    _restarts.labels(known).inc()


def restart_ended(outcome: Literal["up", "replaced", "given_up"]) -> None:
    """:param outcome: ``up``: packets go over its path. ``replaced``: another restart came first.
    ``given_up``: the call or its peer connection was over first.
    """
    _restarts_ended.labels(outcome).inc()


def candidate_failed(code: object) -> None:
    """:param code: what a page says."""
    known = isinstance(code, int | float) and code in CANDIDATE_ERRORS
    _candidate_errors.labels(f"{code:.0f}" if known else OTHER).inc()


def messages_dropped() -> None:
    _messages_dropped.inc()


def watch_queues(records: Callable[[], int], messages: Callable[[], int]) -> None:
    """Ask these functions for the lengths of a worker's queues, from any thread."""
    _queues.labels("records").set_function(records)
    _queues.labels("messages").set_function(messages)


def worker_load(calls: int, busy: float) -> None:
    """:param busy: 0 to 1."""
    _worker_calls.set(calls)
    _worker_busy.set(busy)


def worker_ended(how: Literal["died", "replaced"]) -> None:
    _workers_ended.labels(how).inc()


def answered(wait_s: float) -> None:
    """:param wait_s: how long the person waited for the bot."""
    _turns.observe(wait_s)


def message_refused(code: str) -> None:
    _messages_refused.labels(code).inc()


def ice_issued(provider: str, outcome: str) -> None:
    """:param outcome: ``issued``, ``failed``, or ``skipped`` while the provider is left alone."""
    _ice_issued.labels(provider, outcome).inc()


def relayed(provider: str, protocol: str, count: int) -> None:
    """:param count: bytes."""
    _relayed_bytes.labels(provider, protocol).inc(count)


def request_limited(route: str) -> None:
    """:param route: the name of a route. A path would be the client's own text."""
    _requests_limited.labels(route).inc()


def records_lost(why: Literal["failed", "full", "capped"], count: int = 1) -> None:
    """:param why: the database failed; too many were waiting; the call has as many as it may."""
    _records_lost.labels(why).inc(count)


def turn_credentials_refused(limit: str) -> None:
    """:param limit: the name of the limit that is reached (:mod:`signaling.ice.budget`)."""
    _turn_credentials_refused.labels(limit).inc()


def callers_waiting(count: int) -> None:
    _waiting.set(count)


def counted_alone() -> None:
    _counted_alone.inc()


def handed_over(outcome: Literal["passed", "full", "away"]) -> None:
    """:param outcome: ``full``: the other worker did not read in time. ``away``: it is not up."""
    _handed_over.labels(outcome).inc()


def loop_lag(seconds: float) -> None:
    _loop_lag.set(seconds)


def exposition(calls_live: int | None, workers: int | None) -> bytes:
    """The metrics in Prometheus' text format.

    :param calls_live: counted by the caller, as this module does not ask the database; None if
        nobody knows.
    :param workers: likewise.
    """
    _calls_live.set(math.nan if calls_live is None else calls_live)
    _workers.set(math.nan if workers is None else workers)
    _tasks.set(len(asyncio.all_tasks()))
    _threads.set(threading.active_count())
    _pool_threads.set(_count_pool_threads())
    return generate_latest()


class _WorkersOwn(Collector):
    """The metrics of a process that serves no pages: without those that only such a one knows."""

    def collect(self) -> Iterable[Metric]:
        of_pages = {metric.name for gauge in (_calls_live, _workers) for metric in gauge.describe()}
        return (metric for metric in REGISTRY.collect() if metric.name not in of_pages)


def serve_workers_own(address: str, port: int) -> int:
    """Answer Prometheus from a thread, in the process of a bot worker. Call it on the event loop.

    :param port: 0 for any free one.
    :returns: the port.
    :raises OSError: if the port is taken.
    """
    loop = asyncio.get_running_loop()
    _tasks.set_function(lambda: len(asyncio.all_tasks(loop)))
    _threads.set_function(threading.active_count)
    _pool_threads.set_function(_count_pool_threads)
    registry = CollectorRegistry()
    registry.register(_WorkersOwn())
    server, _ = start_http_server(port, address, registry)
    server.set_app(_with_headers(make_wsgi_app(registry)))
    return int(server.server_port)


def _with_headers(application: WSGIApplication) -> WSGIApplication:
    """Add what keeps a browser from helping an attacker, and a ``Server`` without a version."""
    added = [
        ("Server", "voicedemo"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ]

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, *added], *error)

        return application(environ, start)

    return answer


def _count_pool_threads() -> int:
    return sum(thread.name.startswith(POOLS) for thread in threading.enumerate())
