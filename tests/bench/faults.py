"""What a caller loses when a bot worker ends: ``python -m tests.bench.faults``.

One Chromium page with the echo, two workers, a real Redis, all on this machine. The gap is the
longest time without an encoded packet of the bot, which sends one every 20 ms.
"""

import argparse
import signal
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.caller import DRAW_RARELY, Caller, launch
from tests.e2e.cluster import Cluster

UP_S = 30.0
FAULTS = {
    "worker killed (SIGKILL)": (signal.SIGKILL, 20),
    "worker frozen (SIGSTOP)": (signal.SIGSTOP, 5),
    "worker replaced (SIGTERM)": (signal.SIGTERM, 20),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three times each")
    quick = parser.parse_args().quick
    print("| fault | times | median gap | longest gap | other calls made |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cluster = Cluster(Path(folder))
        browser = launch(playwright)
        for name, (number, times) in FAULTS.items():
            caller = Caller(browser, f"{cluster.url}?voice=echo", init_script=DRAW_RARELY)
            cluster.wait_for_workers()
            caller.call()
            before = len(cluster.calls())
            gaps = [gap(cluster, caller, number) for _ in range(3 if quick else times)]
            others = len(cluster.calls()) - before
            median = statistics.median(gaps)
            print(f"| {name} | {len(gaps)} | {median:.0f} ms | {max(gaps):.0f} ms | {others} |")
            caller.context.close()
        browser.close()
        cluster.stop()


def gap(cluster: Cluster, caller: Caller, number: signal.Signals) -> float:
    """Let the call's worker suffer, wait until the call is elsewhere, and return the gap in ms."""
    cluster.wait_for_workers()
    caller.wait_for_sound()
    peers = caller.page.evaluate("seen.peers.length")
    began = caller.page.evaluate("performance.now()")
    process = cluster.signal_worker_of_the_last_call(number)
    caller.page.wait_for_function(
        "count => seen.peers.length > count && seen.peers.at(-1).connectionState === 'connected'",
        arg=peers,
        timeout=1000 * UP_S,
    )
    caller.wait_for_sound()
    longest: float = caller.page.evaluate("since => seen.longestGapSince(since)", began - 100)
    if number is signal.SIGSTOP:
        cluster.wake(process)
    return longest


if __name__ == "__main__":
    main()
