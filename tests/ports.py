"""Port numbers for servers that a test starts."""

import random
import socket
from contextlib import ExitStack, suppress

HERE = "127.0.0.1"
UDP = socket.SOCK_DGRAM
NUMBERS = range(20000, 32000)
"""Below those that Linux gives to connections that go out. One of them could begin before the
server has its port."""


def free_port() -> int:
    """A port number that nobody has, for UDP or TCP."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """The first of so many port numbers in a row that nobody has, for UDP or TCP."""
    for first in random.sample(NUMBERS, 100):
        with suppress(OSError), ExitStack() as bound:
            for number in range(first, first + count):
                for kind in (socket.SOCK_STREAM, UDP):
                    bound.enter_context(socket.socket(type=kind)).bind((HERE, number))
            return first
    raise AssertionError("100 ports are taken")
