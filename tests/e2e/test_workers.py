"""Bot workers that die, freeze, and are replaced, with a browser in a call."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from . import sounds
from .caller import DRAW_RARELY, Caller
from .cluster import Cluster
from .firefox import Firefox
from .server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.stop()


@pytest.fixture
def caller(cluster: Cluster, browser: Browser) -> Iterator[Caller]:
    yield from calling(cluster, browser)


def calling(cluster: Cluster, browser: Browser | Firefox) -> Iterator[Caller]:
    """A person in a call with the echo, as soon as all workers are up."""
    cluster.wait_for_workers()
    caller = Caller(browser, f"{cluster.url}?voice=echo", init_script=DRAW_RARELY)
    caller.call()
    caller.wait_for_sound()
    yield caller
    caller.context.close()


def wait_for_peers(caller: Caller, count: int) -> None:
    """Wait until the page is connected over this many peer connections, one after the other."""
    caller.page.wait_for_function(
        "count => seen.peers.length === count && seen.peers.every((one, at) =>"
        " one.connectionState === (at === count - 1 ? 'connected' : 'closed'))",
        arg=count,
        timeout=20_000,
    )


def assert_same_call(caller: Caller, cluster: Cluster, before: str) -> None:
    """The person did nothing and was asked for nothing, and the call is the same one elsewhere."""
    caller.wait_for_sound()
    caller.wait_for("connected", timeout_s=5)
    assert caller.page.evaluate("seen.microphones") == 1
    (state, channel), *others = cluster.calls()
    assert (state, others) == ("connected", [])
    assert channel != before


def kill_its_worker(caller: Caller, cluster: Cluster) -> None:
    before = cluster.calls()[0][1]
    cluster.signal_worker_of_the_last_call(signal.SIGKILL)
    wait_for_peers(caller, 2)
    assert_same_call(caller, cluster, before)


def test_a_call_goes_on_when_its_worker_is_killed(caller: Caller, cluster: Cluster) -> None:
    kill_its_worker(caller, cluster)
    cluster.wait_for_workers()


SPEAKS_WHEN_TOLD = """
window.fakeMicrophone = () => {
  const context = new AudioContext();
  const voice = new OscillatorNode(context, { frequency: 700 });
  const mouth = new GainNode(context, { gain: 0 });
  const microphone = new MediaStreamAudioDestinationNode(context);
  voice.connect(mouth).connect(microphone);
  voice.start();
  window.speak = (speaks) => { mouth.gain.value = speaks ? 0.3 : 0; };
  return microphone.stream;
};
"""


@pytest.mark.long
def test_the_parrot_still_knows_what_it_was_told_when_its_worker_is_killed(
    cluster: Cluster, browser: Browser
) -> None:
    cluster.wait_for_workers()
    init_script = DRAW_RARELY + SPEAKS_WHEN_TOLD
    caller = Caller(browser, f"{cluster.url}?voice=parrot", init_script=init_script)
    caller.call()
    caller.page.wait_for_function("() => document.getElementById('caption').textContent")
    caller.page.wait_for_function("() => !document.getElementById('caption').textContent")
    caller.page.evaluate("speak(true)")
    caller.page.wait_for_timeout(2500)
    caller.page.evaluate("speak(false)")
    kill_its_worker(caller, cluster)
    heard = caller.record(6)
    begins = int(np.argmax(np.abs(heard) > 1000))
    assert begins, "nobody says anything"
    assert sounds.pitch(heard[begins : begins + sounds.RATE]) == pytest.approx(700, abs=5)


@pytest.mark.long
def test_firefox_goes_on_when_its_worker_is_killed(firefox: Firefox, cluster: Cluster) -> None:
    for caller in calling(cluster, firefox):
        kill_its_worker(caller, cluster)


def test_a_call_stays_up_while_all_workers_are_replaced(caller: Caller, cluster: Cluster) -> None:
    before = cluster.workers()
    began = caller.page.evaluate("performance.now()")
    cluster.server.process.send_signal(signal.SIGHUP)
    caller.page.wait_for_function("() => seen.peers.length >= 2", timeout=20_000)
    channel = cluster.calls()[0][1]
    wait_until_replaced(cluster, before)
    assert_same_call(caller, cluster, channel if channel in before else "")
    assert longest_gap(caller, began) < 400  # the page calls this a silence


def wait_until_replaced(cluster: Cluster, before: dict[str, int]) -> None:
    replaced = r'voicedemo_workers_ended_total\{how="replaced"\}'
    assert cluster.server.wait_for_metric(replaced, 2, timeout_s=40)
    assert not before.keys() & cluster.workers().keys()


def longest_gap(caller: Caller, since: float) -> float:
    """The longest time without a packet of the bot, in ms."""
    return caller.page.evaluate("since => seen.longestGapSince(since)", since)


@pytest.mark.long
def test_a_call_leaves_a_worker_that_is_frozen_which_then_disturbs_nobody(
    caller: Caller, cluster: Cluster
) -> None:
    before = cluster.calls()[0][1]
    frozen = cluster.signal_worker_of_the_last_call(signal.SIGSTOP)
    wait_for_peers(caller, 2)
    assert_same_call(caller, cluster, before)
    cluster.wake(frozen)
    cluster.wait_for_workers()
    assert_same_call(caller, cluster, before)


@pytest.mark.long
def test_nobody_in_a_call_hears_that_redis_is_away(
    caller: Caller, cluster: Cluster, browser: Browser
) -> None:
    began = caller.page.evaluate("performance.now()")
    cluster.redis.stop()
    late = Caller(browser, f"{cluster.url}?voice=echo", init_script=DRAW_RARELY)
    late.tap()
    late.wait_for("waiting")
    cluster.redis.start()
    late.wait_for("connected")
    late.wait_for_sound()
    late.context.close()
    restart(caller)
    assert longest_gap(caller, began) < 400
    assert caller.page.evaluate("seen.peers.length") == 1


@pytest.mark.long
def test_calls_outlive_the_web_process_and_the_next_one_finds_them(
    caller: Caller, cluster: Cluster
) -> None:
    began = caller.page.evaluate("performance.now()")
    cluster.kill_web_process()
    cluster.start_web_process()
    restart(caller)
    assert longest_gap(caller, began) < 400
    assert caller.page.evaluate("seen.peers.length") == 1
    cluster.server.stop()
    assert cluster.workers() == {}


@pytest.mark.long
def test_a_new_version_comes_into_use_with_calls_up(caller: Caller, cluster: Cluster) -> None:
    """First the process with the pages, then the workers one by one."""
    before = cluster.workers()
    began = caller.page.evaluate("performance.now()")
    cluster.server.process.send_signal(signal.SIGUSR1)
    assert cluster.server.exited(timeout_s=10) == 0
    assert cluster.workers() == before
    cluster.start_web_process()
    cluster.server.process.send_signal(signal.SIGHUP)
    caller.page.wait_for_function("() => seen.peers.length >= 2", timeout=30_000)
    wait_until_gone(cluster, before)
    caller.wait_for_sound()
    assert (caller.state, caller.page.evaluate("seen.microphones")) == ("connected", 1)
    assert [state for state, _ in cluster.calls()] == ["connected"]
    assert longest_gap(caller, began) < 400


def wait_until_gone(cluster: Cluster, workers: dict[str, int]) -> None:
    """Wait until none of these is left, and as many others are up."""
    deadline = time.monotonic() + 40
    while workers.keys() & cluster.workers().keys():
        assert time.monotonic() < deadline, "workers of before are still there"
        time.sleep(0.1)
    assert cluster.server.wait_for_metric("voicedemo_workers", len(workers), timeout_s=20)


def restart(caller: Caller) -> None:
    """Restart ICE, which needs the socket, its worker, and what is between them."""
    before = caller.snapshot()
    caller.page.evaluate("seen.peers.at(-1).restartIce()")
    caller.wait_until_changed(before, "localUfrag", "remoteUfrag")


def test_workers_of_their_own_need_redis(tmp_path: Path) -> None:
    for command in (["serve", "--workers=2"], ["serve", "--no-bot"], ["runbot"]):
        with pytest.raises(RuntimeError, match="exit status 1"):
            Server.start(tmp_path, command=command)
