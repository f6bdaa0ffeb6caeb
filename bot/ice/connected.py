"""Sockets of a shared port that are connected to one peer each.

Linux gives a connected socket all that comes from its peer, and the others of the port none of it.
"""

import asyncio
import logging
import resource
import socket
from collections.abc import Callable
from typing import Final

from .path import Address

log = logging.getLogger("voicedemo.port")

MAX_SOCKETS: Final = 1024
MAX_OF_OWNER: Final = 8
"""A phone with two networks has about four addresses that pass checks."""
SHARE_OF_DESCRIPTORS: Final = 4
"""At most a quarter of the process's descriptors are for these sockets."""
MAX_DATAGRAM_BYTES: Final = 2048
"""More than the MTU of any network that callers have."""

Received = Callable[[bytes, tuple[str, int]], None]
Addresses = tuple[str, Address]
"""A local address, and a peer's."""


class ConnectedSockets:
    """At most so many sockets, those that were asked for longest ago first.

    :param bind: makes a socket that is bound to a local address of the port.
    """

    def __init__(self, bind: Callable[[str], socket.socket]) -> None:
        self._bind = bind
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[Addresses, socket.socket] = {}
        self._owners: dict[Addresses, object] = {}
        self._most = min(MAX_SOCKETS, _most_descriptors() // SHARE_OF_DESCRIPTORS)

    def __len__(self) -> int:
        return len(self._sockets)

    def open(self, local: str, remote: Address, owner: object, received: Received) -> None:
        """Take what comes from ``remote`` to ``local``, unless there are too many sockets.

        Call it again whenever the peer has shown that it is there. An owner that has too many
        sockets loses the one of the peer that was silent the longest.

        :param received: takes a datagram and its sender. That may be anybody: datagrams that came
            after bind() and before connect() are from others.
        """
        addresses = (local, remote)
        if addresses in self._sockets:
            self._sockets[addresses] = self._sockets.pop(addresses)
            self._owners[addresses] = owner
            return
        of_owner = [found for found in self._sockets if self._owners[found] is owner]
        if len(of_owner) >= MAX_OF_OWNER:
            self.close(*of_owner[0])
        if len(self._sockets) >= self._most:
            return
        try:
            connected = _connect(self._bind(local), remote)
        except OSError as exc:
            log.debug("no socket for a peer: %s", exc)
            return
        self._sockets[addresses] = connected
        self._owners[addresses] = owner
        self._loop.add_reader(connected, _read, connected, received)

    def close(self, local: str, remote: Address) -> None:
        connected = self._sockets.pop((local, remote), None)
        if connected is not None:
            del self._owners[local, remote]
            self._loop.remove_reader(connected)
            connected.close()

    def close_all(self) -> None:
        for local, remote in list(self._sockets):
            self.close(local, remote)


def _connect(bound: socket.socket, remote: Address) -> socket.socket:
    try:
        bound.connect(remote)
    except OSError:
        bound.close()
        raise
    return bound


def _read(connected: socket.socket, received: Received) -> None:
    """Read one datagram: audio comes one by one, and no peer keeps the loop from the others."""
    try:
        data, sender = connected.recvfrom(MAX_DATAGRAM_BYTES)
    except OSError as exc:
        # An ICMP error about a peer that went away. ICE notices that by itself.
        log.debug("%s", exc)
        return
    received(data, sender)


def _most_descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_SOCKETS * SHARE_OF_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
