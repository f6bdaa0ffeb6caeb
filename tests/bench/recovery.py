"""How long a voice is gone when its network goes: ``python -m tests.bench.recovery`` (as root).

Measured on the wire, by packets that came through: up towards the bot, down towards the phone, and
messages on the data channel.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.caller import Caller
from tests.natlab.phone import URL, PageClock, browser, product
from tests.natlab.wire import Delivered, Direction, Kind
from tests.natlab.world import ADDRESSES, Uplink, World

SETTLE_S = 6.0
WATCH_S = 8.0


@dataclass
class Outage:
    """The longest silences, in seconds, and whether it is still the same call."""

    up: float
    down: float
    data: float
    same: bool
    restarts: int


@contextmanager
def stage(rtt: float) -> Iterator[tuple[World, Browser]]:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        world = World(folder)
        try:
            world.set(delay=rtt / 2)
            world.connect("wlan0")
            with (
                product(world, folder, VOICEDEMO_HEARTBEAT_S="0.1"),
                browser(playwright, world, folder) as chromium,
            ):
                yield world, chromium
        finally:
            world.close()


def gap_around(times: list[float], moment: float) -> float:
    """The longest silence that begins at ``moment`` or later."""
    return max((b - a for a, b in pairwise(times) if b > moment), default=float("inf"))


def packets(world: World, direction: Direction, kind: Kind) -> list[float]:
    everything: list[Delivered] = []
    for wire in world.wires.values():
        everything += wire.delivered()
    return sorted(p.at for p in everything if (p.direction, p.kind) == (direction, kind))


def measure(world: World, caller: Caller, moment: float) -> Outage:
    clock = PageClock(caller.page)
    heard = [clock.seconds(at) for at in caller.page.evaluate("seen.heardAt")]
    return Outage(
        up=gap_around(packets(world, Direction.UP, Kind.RTP), moment),
        down=gap_around(packets(world, Direction.DOWN, Kind.RTP), moment),
        data=gap_around(heard, moment),
        same=caller.page.evaluate("seen.peers.length") == 1,
        restarts=int(caller.page.inner_text("#dev-restarts")),
    )


def death(world: World, chromium: Browser, how: str) -> Outage:
    """Both networks are known to the browser; the one in use dies."""
    world.connect("cell0")
    with call(world, chromium) as caller:
        used = world.in_use()
        moment = time.monotonic()
        getattr(world, how)(used)
        caller.page.wait_for_timeout(WATCH_S * 1000)
        return measure(world, caller, moment)


def late_network(world: World, chromium: Browser, how: str) -> Outage:
    """The only network dies; another appears two seconds later."""
    with call(world, chromium) as caller:
        moment = time.monotonic()
        getattr(world, how)("wlan0")
        time.sleep(2)
        world.connect("cell0")
        world.prefer("cell0")
        caller.page.wait_for_timeout(WATCH_S * 1000)
        outage = measure(world, caller, moment)
        known = found(caller, "cell0", moment)
        print(f"    candidate on it {known - moment:.2f} s after the death", timeline(caller))
        outage.up -= known - moment
        outage.down -= known - moment
        return outage


def announced(world: World, chromium: Browser, how: str) -> Outage:
    """Another network appears and is announced; two seconds later the old one dies.

    Chromium on Linux has a new network after some four seconds, and tells no page: the event that
    a phone would send is sent for it then.
    """
    with call(world, chromium) as caller:
        world.connect("cell0")
        assert caller.page.evaluate("address => seen.knows(address)", ADDRESSES["cell0"])
        moment = time.monotonic()
        caller.page.evaluate("navigator.connection.dispatchEvent(new Event('change'))")
        caller.page.wait_for_timeout(2000)
        getattr(world, how)("wlan0")
        caller.page.wait_for_timeout(4000)
        return measure(world, caller, moment)


@contextmanager
def call(world: World, chromium: Browser) -> Iterator[Caller]:
    caller = Caller(chromium, URL + "?voice=echo&debug")
    time.sleep(SETTLE_S)
    caller.call()
    time.sleep(3)
    yield caller
    caller.context.close()
    restore(world)


def found(caller: Caller, name: Uplink, moment: float) -> float:
    """When the browser had its first candidate on this network, after ``moment``."""
    clock = PageClock(caller.page)
    times = (
        clock.seconds(seen["at"])
        for seen in caller.page.evaluate("seen.candidates")
        if f" {ADDRESSES[name]} " in seen["candidate"]
    )
    return min((at for at in times if at > moment), default=float("inf"))


def restore(world: World) -> None:
    for name in ADDRESSES:
        world.leave(name)
    time.sleep(0.5)
    world.set(drop=False)
    world.connect("wlan0")
    time.sleep(SETTLE_S)


def timeline(caller: Caller) -> str:
    return f"{caller.state} {caller.page.inner_text('#dev-ice')}"


def report(name: str, outages: list[Outage]) -> None:
    for way in ("up", "down", "data"):
        times = sorted(getattr(outage, way) for outage in outages)
        print(
            f"{name:32} {way:5} median {statistics.median(times):6.3f} s  "
            f"worst {times[-1]:6.3f} s  of {len(times)}"
        )
    print(
        f"{name:32} same call {sum(o.same for o in outages)} of {len(outages)}, "
        f"restarts {[o.restarts for o in outages]}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--rtt", type=float, nargs="*", default=[0.0, 0.1])
    parser.add_argument("scenario", nargs="*")
    arguments = parser.parse_args()
    for rtt in arguments.rtt:
        with stage(rtt) as (world, chromium):
            for scenario in (death, late_network, announced):
                if arguments.scenario and scenario.__name__ not in arguments.scenario:
                    continue
                for how in ("leave", "lose"):
                    outages = [scenario(world, chromium, how) for _ in range(arguments.times)]
                    report(f"{scenario.__name__}, {how}, RTT {rtt * 1000:.0f} ms", outages)
    sys.exit()
