"""Port numbers for servers that a test starts."""

import random
import socket
from contextlib import suppress

HERE = "127.0.0.1"
UDP = socket.SOCK_DGRAM
NUMBERS = range(20000, 32000)
"""Below those that Linux gives to connections that go out. One of them could begin before the
server has its port."""


def free_port() -> int:
    """A port number that nobody has, for UDP or TCP."""
    for number in random.sample(NUMBERS, 100):
        with (
            suppress(OSError),
            socket.socket() as tcp,
            socket.socket(type=socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind((HERE, number))
            udp.bind((HERE, number))
            return number
    raise AssertionError("100 ports are taken")
