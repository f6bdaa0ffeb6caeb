"""Measures five calls under a flood of hostile packets.

Run it with ``python -m tests.bench.hostile`` as root. The flood comes from inside the server's own
network namespace and goes nowhere else.
"""

import argparse
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.caller import Caller
from tests.hostile import check_for, mutilated
from tests.natlab.addresses import SERVER
from tests.natlab.lab import TWO_UPLINKS, Lab
from tests.natlab.phone import open_browser, product

CALLS = 5
TCP_SHARE = 50
"""One packet in so many is sent over TCP, framed."""
PER_SECOND = 20_000


def flood(target: tuple[str, int], packets: int, ufrags: list[str]) -> None:
    """Send random, truncated, replayed and framed packets. Some name a call that is up."""
    dice = random.Random(1)
    seeds = [
        b"\x80\x6f" + dice.randbytes(50),
        b"\x16\xfe\xfd" + dice.randbytes(50),
        *(check_for(ufrag) for ufrag in [*ufrags, "nobody"]),
    ]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.create_connection(target)
    began = time.monotonic()
    for number in range(packets):
        packet = mutilated(dice, seeds)
        if number % TCP_SHARE:
            udp.sendto(packet, target)
        else:
            try:
                tcp.sendall(len(packet).to_bytes(2) + packet)
            except OSError:
                tcp = socket.create_connection(target)
        if number % 100 == 0:
            time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found
    return int(found[1]) / 1024


def main(packets: int) -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with (
            closing(Lab(TWO_UPLINKS, folder)) as lab,
            product(lab, folder) as server,
            open_browser("chromium", playwright, lab, folder) as browser,
        ):
            callers = [Caller(browser, f"{lab.url}/?voice=echo") for _ in range(CALLS)]
            for caller in callers:
                caller.call()
                caller.wait_for_sound()
            sdp = [c.page.evaluate("seen.peers[0].remoteDescription.sdp") for c in callers]
            port = int(re.findall(r"udp \d+ \S+ (\d+) typ host", sdp[0])[0])
            ufrags = [re.findall(r"a=ice-ufrag:(\S+)", text)[0] for text in sdp]
            before, began = memory_mb(server.process.pid), time.monotonic()
            arguments = ["--flood", str(port), "--packets", str(packets), *ufrags]
            command = [*lab.server.prefix, sys.executable, "-m", "tests.bench.hostile"]
            flooding = subprocess.Popen([*command, *arguments])
            while flooding.poll() is None:
                callers[0].page.wait_for_timeout(1000)
            took = time.monotonic() - began
            after = memory_mb(server.process.pid)
            for caller in callers:
                caller.wait_for_sound()
            states = [caller.state for caller in callers]
    print(f"{packets} packets in {took:.0f} s: calls {states}")
    print(f"memory {before:.1f} MB before, {after:.1f} MB after")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--flood", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("ufrag", nargs="*")
    options = parser.parse_args()
    if options.flood:
        flood((SERVER, options.flood), options.packets, options.ufrag)
    else:
        main(options.packets)
