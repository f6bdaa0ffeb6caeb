"""Sends packets to a media port as fast as one core can: ``python -m tests.attack.flood --help``.

Prints how many packets it sent a second. It runs in the namespace of a stage, for a few seconds.
"""

import argparse
import random
import socket
import time
from itertools import cycle, islice

from tests.hostile import check_for, mutilated

PREPARED = 20_000
"""Different packets. They are made beforehand, so that sending is all that takes time."""
BETWEEN_LOOKS = 200
"""Packets between two looks at the clock."""
FAMILY_RTP = b"\x80\x6f"


def hostile_packets(ufrags: list[str], ssrcs: list[int]) -> list[bytes]:
    """Noise, mutilated checks for calls that are up, replayed DTLS, and media of known SSRCs."""
    dice = random.Random(1)
    media = [FAMILY_RTP + bytes(6) + ssrc.to_bytes(4) + dice.randbytes(60) for ssrc in ssrcs]
    seeds = [
        FAMILY_RTP + dice.randbytes(60),
        b"\x16\xfe\xfd" + dice.randbytes(60),
        *media,
        *(check_for(ufrag) for ufrag in [*ufrags, "nobody"]),
    ]
    return [mutilated(dice, seeds) for _ in range(PREPARED)]


def flood(target: tuple[str, int], packets: list[bytes], seconds: float, per_second: int) -> float:
    """Send the packets over and over; returns how many a second.

    :param per_second: send no more than this; 0: as many as possible.
    """
    sent, began = 0, time.monotonic()
    source = cycle(packets)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(target)
        while (passed := time.monotonic() - began) < seconds:
            if per_second and sent > per_second * passed:
                time.sleep(0.001)
                continue
            for packet in islice(source, BETWEEN_LOOKS):
                udp.send(packet)
            sent += BETWEEN_LOOKS
    return sent / (time.monotonic() - began)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--per-second", type=int, default=0)
    parser.add_argument("--ufrag", action="append", default=[], help="of a call that is up")
    parser.add_argument("--ssrc", action="append", type=int, default=[], help="of such a call")
    options = parser.parse_args()
    prepared = hostile_packets(options.ufrag, options.ssrc)
    reached = flood((options.host, options.port), prepared, options.seconds, options.per_second)
    print(round(reached))
