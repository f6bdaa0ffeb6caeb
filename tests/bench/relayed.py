"""Makes a relayed call that lasts longer than its credentials.

Run it with ``python -m tests.bench.relayed`` as root. The call lasts five minutes and its
credentials 90 seconds. The relay is a real coturn.
"""

import argparse
import tempfile
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.caller import Caller
from tests.natlab.lab import TWO_UPLINKS, Lab
from tests.natlab.phone import open_browser, product

CREDENTIALS = "seen.peers[0].getConfiguration().iceServers.at(-1).credential"


def main(seconds: int, ttl: str) -> None:
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        with (
            closing(Lab(TWO_UPLINKS, folder)) as lab,
            product(lab, folder, VOICEDEMO_TURN_TTL_S=ttl, **lab.turn_settings()),
            open_browser("chromium", playwright, lab, folder) as browser,
        ):
            caller = Caller(browser, f"{lab.url}/?voice=echo&debug&ice=relay")
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--ttl", default="90")
    arguments = parser.parse_args()
    main(arguments.seconds, arguments.ttl)
