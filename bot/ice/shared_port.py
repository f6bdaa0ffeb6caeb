"""One UDP port and one TCP port for all workers of a machine.

A worker that gets a packet or a connection that is another one's hands it over. From the first
check on, the kernel gives a call's packets to a socket that its worker has connected to the peer.
"""

import asyncio
import fcntl
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final

from aioice.candidate import Candidate

from . import names, stun
from .connected import MAX_DATAGRAM_BYTES, ConnectedSockets
from .handed_over import Datagram
from .media_port import MediaPort, Owner, UdpBase, bound
from .path import Address, Base, is_rtp
from .siblings import Outcome, Siblings
from .tcp import TcpBase, first_frame

log = logging.getLogger("voicedemo.port")

MEDIA_PER_S: Final = 500
"""Packets of strangers that are shown to the siblings."""
OPENING_S: Final = 5.0
"""So long a worker waits for another that opens the port. It takes milliseconds."""
PAUSE_S: Final = 0.02

Count = Callable[[Outcome], None]


@dataclass(frozen=True)
class Workplace:
    """Which worker of its machine a worker is.

    :param number: no other worker of the machine has it; at most :data:`names.MAX_NUMBER`.
    :param folder: where the workers of the machine meet.
    """

    number: int
    folder: Path


class SharedPort(MediaPort):
    """A media port that the workers of a machine share.

    Linux spreads what no connected socket takes over the sockets of the port, and so over the
    workers. So a worker gets checks that name another one, and answers to its checks, and hands
    them over, once. Media of strangers is shown to all: it may be a call's whose NAT has a new
    mapping.

    :param port: UDP and TCP port number, not 0.
    :param count: counts what is handed over, by its outcome.
    """

    def __init__(
        self,
        addresses: Iterable[str],
        *,
        port: int,
        advertised: Iterable[str] = (),
        workplace: Workplace,
        count: Count,
    ) -> None:
        super().__init__(addresses, port=port, advertised=advertised)
        self._worker = workplace.number
        self._folder = workplace.folder
        self._count = count
        self._siblings = Siblings(workplace.number, workplace.folder, self)
        self._connected = ConnectedSockets(self._bind_connected)
        self._is_first = False
        self._given: dict[tuple[str, int, int], socket.socket] = {}
        """Sockets that a sibling has given us, by address, port and kind."""
        self._listening: list[socket.socket] = []
        """Ours, to be given to siblings."""
        self._udp: dict[str, UdpBase] = {}
        self._taking: set[asyncio.Task[object]] = set()
        self._media_since, self._media_shown = -inf, 0

    async def open(self, *, tcp: bool = True) -> None:
        """Share the sockets of a sibling, or bind those that there are none of.

        Workers that read the same sockets need not wait for one that is frozen: it has no share of
        what comes.
        """
        async with _alone(self._folder):
            is_any, given = await self._siblings.ask_for_sockets()
            self._is_first = not is_any
            self._given = {(*one.getsockname()[:2], one.type): one for one in given}
            try:
                await super().open(tcp=tcp)
                self._siblings.listen()
            except OSError:
                self.close()
                raise
            finally:
                for left in self._given.values():
                    left.close()
        self._udp = {base.local[0]: base for base in self.bases}

    def close(self) -> None:
        super().close()
        self._connected.close_all()
        self._siblings.close()
        for one in self._listening:
            one.close()
        for task in self._taking:
            task.cancel()

    def new_ufrag(self) -> str:
        return names.begin_ufrag(self._worker) + super().new_ufrag()

    def new_transaction(self) -> bytes:
        beginning = names.begin_transaction(self._worker)
        return beginning + super().new_transaction()[len(beginning) :]

    def route(self, base: Base, remote: Address, owner: Owner, *, has_answered: bool) -> None:
        super().route(base, remote, owner, has_answered=has_answered)
        # The kernel would take a forged sender's packets from the worker that has its call.
        if has_answered and isinstance(base, UdpBase):
            self._connected.open(base.local[0], remote, owner, base.datagram_received)

    def unroute(self, base: Base, remote: Address, owner: Owner) -> None:
        is_owners = self._routes.get((base, remote)) is owner
        super().unroute(base, remote, owner)
        if is_owners and isinstance(base, UdpBase):
            self._connected.close(base.local[0], remote)

    # To siblings.

    def _receive_unknown(self, base: Base, data: bytes, remote: Address) -> None:
        if not isinstance(base, UdpBase) or len(data) > MAX_DATAGRAM_BYTES:
            super()._receive_unknown(base, data, remote)
        elif stun.is_stun(data):
            number = names.named_by(data)
            if number is None or number == self._worker:
                self.packets_dropped += 1
            else:
                self._hand_over(number, base, data, remote)
        elif self._receive_by_ssrc(base, data, remote) or _is_media(data):
            # Two calls may have named the same SSRC, so a sibling may have the right one.
            self._show(base, data, remote)
        else:
            self.packets_dropped += 1

    def _hand_over(self, number: int, base: UdpBase, data: bytes, remote: Address) -> None:
        try:
            datagram = Datagram(base.local[0], remote, data)
            self._count(self._siblings.pass_datagram(number, datagram))
        except OSError:
            # An address with a zone is of a link, and we tell peers no address of a link.
            self.packets_dropped += 1

    def _show(self, base: UdpBase, data: bytes, remote: Address) -> None:
        """Hand media over to all siblings, up to so many packets a second."""
        now = asyncio.get_running_loop().time()
        if now - self._media_since >= 1:
            self._media_since, self._media_shown = now, 0
        self._media_shown += 1
        if self._media_shown > MEDIA_PER_S:
            self.packets_dropped += 1
            return
        for number in self._siblings.numbers():
            self._hand_over(number, base, data, remote)

    def pass_connection(self, connection: TcpBase, read: bytes) -> bool:
        number = _named_by_connection(read)
        if number is None or number == self._worker:
            return False
        self._count(self._siblings.pass_connection(number, connection.descriptor, read))
        return True

    # From siblings. What they hand over is not handed over again.

    def datagram_handed_over(self, datagram: Datagram) -> None:
        local, remote, data = datagram
        base = self._udp.get(local)
        owner = self._owner_of(base, data, remote) if base else None
        if base and owner:
            owner.receive(base, data, remote)
        elif not base or stun.is_stun(data) or not self._receive_by_ssrc(base, data, remote):
            self.packets_dropped += 1

    def connection_handed_over(self, connection: socket.socket, read: bytes) -> None:
        candidate = self._tcp.get(_local_address(connection))
        if candidate is None or _named_by_connection(read) != self._worker:
            connection.close()
            return
        task = asyncio.get_running_loop().create_task(self._adopt(connection, read, candidate))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    async def _adopt(self, connection: socket.socket, read: bytes, candidate: Candidate) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: TcpBase(self, self._connections, candidate, read), connection
        )

    def shared_sockets(self) -> list[socket.socket]:
        return self._listening

    # Sockets.

    def _udp_socket(self, address: str) -> socket.socket:
        return self._share(address, socket.SOCK_DGRAM)

    def _tcp_socket(self, address: str) -> socket.socket:
        return self._share(address, socket.SOCK_STREAM)

    def _share(self, address: str, kind: socket.SocketKind) -> socket.socket:
        found = self._given.pop((address, self._number, kind), None) or self._bind(address, kind)
        self._listening.append(found.dup())
        return found

    def _bind(self, address: str, kind: socket.SocketKind) -> socket.socket:
        if self._is_first:
            # With SO_REUSEPORT the kernel would let us in beside a stranger of the same user.
            bound(address, self._number, kind).close()
        return bound(address, self._number, kind, socket.SO_REUSEPORT)

    def _bind_connected(self, address: str) -> socket.socket:
        return bound(address, self._number, socket.SOCK_DGRAM, socket.SO_REUSEPORT)


def _is_media(data: bytes) -> bool:
    """Whether a datagram is RTP, RTCP or DTLS (RFC 7983, 7)."""
    return is_rtp(data) or (bool(data) and 20 <= data[0] <= 63)


def _named_by_connection(read: bytes) -> int | None:
    """The worker that a TCP connection is for; None if it does not begin with a check."""
    check = first_frame(read)
    return names.named_by(check) if stun.is_stun(check) and stun.is_request(check) else None


def _local_address(connection: socket.socket) -> str:
    """The local address of a TCP connection; '' if it is none, or is closed already."""
    is_ip = connection.family in (socket.AF_INET, socket.AF_INET6)
    if not is_ip or connection.type != socket.SOCK_STREAM:
        return ""
    try:
        connection.getpeername()
    except OSError:
        return ""
    address: str = connection.getsockname()[0]
    return address


@asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[None]:
    """Wait until no other worker opens the port, or seems to be frozen while it does."""
    descriptor = os.open(folder / "opening", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        for _ in range(round(OPENING_S / PAUSE_S)):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(PAUSE_S)
        else:
            log.warning("a worker of this machine has been opening the media port for too long")
        yield
    finally:
        os.close(descriptor)
