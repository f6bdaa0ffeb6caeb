"""A relayed call that outlives its credentials several times: ``python -m tests.bench.relayed``.

As root. Credentials last for 90 seconds, the call for five minutes, over a real coturn.
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.caller import Caller
from tests.natlab.phone import URL, chromium, product
from tests.natlab.turn import SETTINGS, Coturn
from tests.natlab.world import World

CREDENTIALS = "seen.peers[0].getConfiguration().iceServers.at(-1).credential"


def main(seconds: int, ttl: str) -> None:
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        world = World(folder)
        coturn = Coturn(world.server, folder)
        world.connect("wlan0")
        try:
            with (
                product(world, folder, VOICEDEMO_TURN_TTL_S=ttl, **SETTINGS),
                chromium(playwright, world, folder) as browser,
            ):
                caller = Caller(browser, f"{URL}?voice=echo&debug&ice=relay")
                caller.call()
                caller.wait_for_sound()
                credentials = set()
                for _ in range(seconds):
                    credentials.add(caller.page.evaluate(CREDENTIALS))
                    caller.page.wait_for_timeout(1000)
                arrivals = caller.page.evaluate("seen.arrivals")
                print(f"relay over {caller.protocol()}, state {caller.state}")
                print(f"credentials {len(credentials)}, lost {caller.snapshot()['lost']}")
                print(f"longest gap {max(b - a for a, b in pairwise(arrivals)):.0f} ms")
        finally:
            coturn.close()
            world.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--ttl", default="90")
    arguments = parser.parse_args()
    main(arguments.seconds, arguments.ttl)
