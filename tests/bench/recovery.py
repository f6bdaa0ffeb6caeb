"""Measures gaps in the voice when a network fails: ``python -m tests.bench.recovery`` (as root).

The gaps are those between packets that came through on the wire: up towards the bot, down towards
the phone, and messages on the data channel. Times are in seconds.
"""

import argparse
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.caller import Caller, process_of
from tests.e2e.firefox import Firefox
from tests.natlab.lab import TWO_UPLINKS, Lab
from tests.natlab.phone import BrowserName, PageClock, open_browser, product
from tests.natlab.router import OPEN, Policy
from tests.natlab.wire import Direction, Kind

KNOWN_S = 6.0
"""Until Chromium has noticed a network (docs/browsers.md#chromium-linux-network)."""
WATCH_S = 5.0
LOCKED_S = 180

Figures = dict[str, float]


@dataclass
class Stage:
    lab: Lab
    browser: Browser | Firefox

    @contextmanager
    def call(self, voice: str = "echo") -> Iterator[Caller]:
        """Yield a call that has been up for three seconds."""
        caller = Caller(self.browser, f"{self.lab.url}/?voice={voice}&debug")
        caller.call()
        caller.wait_for_sound()
        time.sleep(3)
        try:
            yield caller
        finally:
            caller.context.close()
            self._restore()

    def gaps(self, caller: Caller, moment: float) -> Figures:
        """Return the longest gaps since ``moment``, and how many further calls there were."""
        clock = PageClock(caller.page)
        heard = [clock.seconds(at) for at in caller.page.evaluate("seen.heardAt")]
        return {
            "up": longest(self._audio(Direction.UP), moment),
            "down": longest(self._audio(Direction.DOWN), moment),
            "data channel": longest(heard, moment),
            "other calls": caller.page.evaluate("seen.peers.length") - 1,
        }

    def _audio(self, direction: Direction) -> list[float]:
        packets = [p for wire in self.lab.wires.values() for p in wire.delivered()]
        return sorted(p.at for p in packets if (p.direction, p.kind) == (direction, Kind.RTP))

    def _restore(self) -> None:
        for uplink in self.lab.wires:
            self.lab.leave(uplink)
        time.sleep(0.5)
        self.lab.quality(drop=False, udp_loss=0.0)
        self.lab.connect("wlan0")
        time.sleep(KNOWN_S)


def longest(times: list[float], moment: float) -> float:
    return max((b - a for a, b in pairwise(times) if b > moment), default=float("inf"))


def death(stage: Stage, how: str) -> Figures:
    """The browser knows two networks, and the one in use dies."""
    stage.lab.connect("cell0")
    time.sleep(KNOWN_S)
    with stage.call() as caller:
        used = stage.lab.in_use()
        moment = time.monotonic()
        getattr(stage.lab, how)(used)
        caller.page.wait_for_timeout(WATCH_S * 1000)
        return stage.gaps(caller, moment)


def late_network(stage: Stage, how: str) -> Figures:
    """The only network dies, and another appears two seconds later.

    The gap is counted from the browser's first candidate on the new network. If the call was back
    before that, over a socket bound to no address, it is counted from the network's appearance.
    """
    with stage.call() as caller:
        moment = time.monotonic()
        getattr(stage.lab, how)("wlan0")
        time.sleep(2)
        appeared = time.monotonic()
        stage.lab.connect("cell0")
        stage.lab.prefer("cell0")
        caller.page.wait_for_timeout(WATCH_S * 1000)
        figures = stage.gaps(caller, moment)
        known = first_candidate(caller, stage.lab.addresses["cell0"], appeared) or appeared
        figures["up"] -= known - moment
        figures["down"] -= known - moment
        figures["browser knows it after"] = known - appeared
        return figures


def announced(stage: Stage, how: str) -> Figures:
    """Another network appears and is announced, and two seconds later the old one dies.

    Chromium on Linux does not announce a network (docs/browsers.md#chromium-linux-network). Once
    the browser has it, this bench sends the event that a phone would send.
    """
    with stage.call() as caller:
        stage.lab.connect("cell0")
        assert caller.page.evaluate("address => seen.knows(address)", stage.lab.addresses["cell0"])
        moment = time.monotonic()
        caller.page.evaluate("navigator.connection.dispatchEvent(new Event('change'))")
        caller.page.wait_for_timeout(2000)
        getattr(stage.lab, how)("wlan0")
        caller.page.wait_for_timeout(4000)
        return stage.gaps(caller, moment)


def healthy(stage: Stage, how: str) -> Figures:
    """ICE is restarted twenty times on a healthy path."""
    with stage.call() as caller:
        moment = time.monotonic()
        lost = caller.snapshot()["lost"]
        for _ in range(20):
            before = caller.snapshot()
            caller.page.click("#restart-ice")
            caller.wait_until_changed(before, "localUfrag", "remoteUfrag", "pair")
        return {**stage.gaps(caller, moment), "lost": caller.snapshot()["lost"] - lost}


def sockets(stage: Stage, how: str) -> Figures:
    """Only the socket is killed, twenty times."""
    with stage.call() as caller:
        moment = time.monotonic()
        lost = caller.snapshot()["lost"]
        for number in range(2, 22):
            caller.page.evaluate("seen.sockets.at(-1).close()")
            caller.page.wait_for_function("n => seen.sockets.length >= n", arg=number)
            caller.page.wait_for_function("() => seen.sockets.at(-1).readyState === 1")
        caller.page.wait_for_timeout(1000)
        return {**stage.gaps(caller, moment), "lost": caller.snapshot()["lost"] - lost}


def rebinding(stage: Stage, how: str) -> Figures:
    """The NAT between phone and bot forgets its mappings."""
    stage.lab.reroute(Policy("symmetric"))
    with stage.call() as caller:
        moment = time.monotonic()
        stage.lab.rebind()
        caller.page.wait_for_timeout(WATCH_S * 1000)
        return {**stage.gaps(caller, moment), "said": caller.state != "connected"}


def crippled(stage: Stage, how: str) -> Figures:
    """UDP begins to lose most packets, as behind a captive portal. TLS on 443 is not affected.

    The ``tone`` shows losses on the way down only, the ``echo`` those of both ways.
    """
    stage.lab.reroute(replace(OPEN, only_443=True))
    with stage.call(voice=how) as caller:
        clock = PageClock(caller.page)
        moment = time.monotonic()
        stage.lab.quality(udp_loss=0.88)
        caller.wait_for_protocol("tls")
        left = time.monotonic() - moment
        caller.page.wait_for_timeout(15_000)
        arrivals = [clock.seconds(at) for at in caller.page.evaluate("seen.arrivals")]
        assert caller.protocol() == "tls"
        return {"left UDP after": left, "without clean audio": clean_again(arrivals, moment)}


def locked(stage: Stage, how: str) -> Figures:
    """The phone is locked: all processes of the browser are stopped, and later continued."""
    with stage.call() as caller:
        processes = family(process_of(stage.browser))
        send(processes, signal.SIGSTOP)
        time.sleep(30 if how == "short" else LOCKED_S)
        moment = time.monotonic()
        send(processes, signal.SIGCONT)
        caller.page.wait_for_timeout(6000)
        clock = PageClock(caller.page)
        arrivals = [clock.seconds(at) for at in caller.page.evaluate("seen.arrivals")]
        return {
            "back after": clean_again(arrivals, moment),
            "other calls": caller.page.evaluate("seen.peers.length") - 1,
        }


def family(pid: int) -> list[int]:
    """Return the process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def send(processes: list[int], number: signal.Signals) -> None:
    for pid in processes:
        os.kill(pid, number)


def clean_again(arrivals: list[float], moment: float) -> float:
    """Return how long after ``moment`` a second with at least 45 of its 50 packets began."""
    after = [at for at in arrivals if at > moment]
    for index, at in enumerate(after[:-45]):
        if after[index + 45] - at < 1.0:
            return at - moment
    return float("inf")


def first_candidate(caller: Caller, address: str, moment: float) -> float | None:
    """Return when the browser had its first candidate with this address, after ``moment``."""
    clock = PageClock(caller.page)
    times = (
        clock.seconds(seen["at"])
        for seen in caller.page.evaluate("seen.candidates")
        if f" {address} " in seen["candidate"]
    )
    return min((at for at in times if at > moment), default=None)


@contextmanager
def staged(rtt: float, name: BrowserName) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        network = replace(TWO_UPLINKS, quality={"delay": rtt / 2})
        with (
            closing(Lab(network, folder)) as lab,
            product(lab, folder, VOICEDEMO_HEARTBEAT_S="0.1", **lab.turn_settings()),
            open_browser(name, playwright, lab, folder) as browser,
        ):
            yield Stage(lab, browser)


def report(name: str, results: list[Figures]) -> None:
    for figure in results[0]:
        values = sorted(result[figure] for result in results)
        print(
            f"{name:40} {figure:24} median {statistics.median(values):7.3f}"
            f"  worst {values[-1]:7.3f}  of {len(values)}",
            flush=True,
        )


Scenario = Callable[[Stage, str], Figures]
SCENARIOS: dict[Scenario, tuple[str, ...]] = {
    death: ("leave", "lose"),
    late_network: ("leave", "lose"),
    announced: ("leave", "lose"),
    healthy: ("restart",),
    sockets: ("close",),
    locked: ("short", "long"),
    # These come last, because the firewall and the NAT that they set up stay.
    crippled: ("tone", "echo"),
    rebinding: ("flush",),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--rtt", type=float, nargs="*", default=[0.0, 0.1])
    parser.add_argument("--browser", choices=("chromium", "firefox"), default="chromium")
    parser.add_argument("scenario", nargs="*")
    arguments = parser.parse_args()
    for rtt in arguments.rtt:
        with staged(rtt, arguments.browser) as stage:
            for scenario, ways in SCENARIOS.items():
                if arguments.scenario and scenario.__name__ not in arguments.scenario:
                    continue
                for how in ways:
                    results = [scenario(stage, how) for _ in range(arguments.times)]
                    report(f"{scenario.__name__}, {how}, RTT {rtt * 1000:.0f} ms", results)
