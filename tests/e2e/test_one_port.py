"""Two bot workers on one media port, with browsers in calls."""

import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.ports import free_port

from .caller import DRAW_RARELY, Caller
from .cluster import WORKERS, Cluster

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

CALLERS = 4
MAX_CALLERS = 12
"""A worker whose event loop was late for a moment gets no call until it is not."""

METRICS = 9317
"""Worker 1 answers here, worker 2 on the next port."""


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def cluster(tmp_path: Path, port: int) -> Iterator[Cluster]:
    cluster = Cluster(
        tmp_path,
        VOICEDEMO_MEDIA_PORT=str(port),
        VOICEDEMO_WORKER_METRICS_PORT=str(METRICS),
    )
    yield cluster
    cluster.stop()


def handed_over(outcome: str) -> float:
    """How often the workers have handed something over, with this outcome."""
    count = 0.0
    for port in range(METRICS, METRICS + WORKERS):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
            text = response.read().decode()
        found = re.search(rf'voicedemo_handed_over_total{{outcome="{outcome}"}} (\S+)', text)
        assert found
        count += float(found[1])
    return count


def call(browser: Browser, cluster: Cluster, way: str) -> Caller:
    url = f"{cluster.url}?voice=echo&ice={way}"
    caller = Caller(browser, url, init_script=DRAW_RARELY)
    caller.call()
    return caller


def call_until_all_workers_have_some(browser: Browser, cluster: Cluster, way: str) -> list[Caller]:
    callers = [call(browser, cluster, way) for _ in range(CALLERS)]
    while len({channel for _, channel in cluster.calls()}) < WORKERS:
        assert len(callers) < MAX_CALLERS, "one worker gets all calls"
        callers.append(call(browser, cluster, way))
    return callers


def assert_all_hear(callers: list[Caller], protocol: str) -> None:
    for caller in callers:
        caller.wait_for_sound()
        caller.wait_for("connected", timeout_s=5)
        assert caller.protocol() == protocol
        assert caller.page.evaluate("seen.microphones") == 1


@pytest.mark.parametrize(("way", "protocol"), [("all", "udp"), ("ice-tcp", "tcp")])
def test_calls_of_all_workers_share_a_port_while_workers_come_and_go(
    cluster: Cluster, browser: Browser, port: int, way: str, protocol: str
) -> None:
    cluster.wait_for_workers()
    callers = call_until_all_workers_have_some(browser, cluster, way)
    assert_all_hear(callers, protocol)
    assert cluster.count_events("restart") == 0
    assert handed_over("passed") > 0
    assert handed_over("away") == handed_over("full") == 0
    for caller in callers:
        answer = caller.page.evaluate("seen.peers.at(-1).remoteDescription.sdp")
        assert set(re.findall(r" (\d+) typ host", answer)) == {str(port)}

    cluster.server.process.send_signal(signal.SIGHUP)
    replaced = r'voicedemo_workers_ended_total\{how="replaced"\}'
    assert cluster.server.wait_for_metric(replaced, WORKERS, timeout_s=60)
    cluster.wait_for_workers()
    assert_all_hear(callers, protocol)

    cluster.signal_worker_of_the_last_call(signal.SIGKILL)
    for caller in callers:
        caller.page.wait_for_timeout(500)
    assert_all_hear(callers, protocol)
    cluster.wait_for_workers()
    assert [state for state, _ in cluster.calls()] == ["connected"] * len(callers)
    for caller in callers:
        caller.context.close()


@pytest.mark.parametrize(("way", "protocol"), [("all", "udp"), ("ice-tcp", "tcp")])
def test_new_callers_come_up_beside_a_worker_that_is_frozen(
    cluster: Cluster, browser: Browser, way: str, protocol: str
) -> None:
    """It has no share of what comes to the port."""
    cluster.wait_for_workers()
    os.kill(min(cluster.workers().values()), signal.SIGSTOP)
    assert cluster.server.wait_for_metric("voicedemo_workers", WORKERS - 1, timeout_s=20)
    for _ in range(6):
        caller = call(browser, cluster, way)
        assert caller.protocol() == protocol
        caller.context.close()
    assert cluster.count_events("restart") == 0
