"""The other workers of this machine that share our port, and the Unix sockets between us.

Each worker listens on a socket that has its number for a name, in a folder that only the user who
runs the workers can open. Each sends to another over a connection of its own, so that one that is
frozen holds up nobody else.
"""

import asyncio
import errno
import logging
import os
import socket
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Final, Literal, Protocol

from .handed_over import CONNECTION, DATAGRAM, SOCKETS, Datagram

log = logging.getLogger("voicedemo.siblings")

MAX_MESSAGE_BYTES: Final = 8192
MAX_DESCRIPTORS: Final = 64
"""Of one message: two for each address of the port."""
MESSAGES_AT_ONCE: Final = 32
"""Then our own calls get their turn."""
QUEUE_BYTES: Final = 1024 * 1024
"""What may wait for a sibling, as far as net.core.wmem_max allows it. More is dropped."""
BACKLOG: Final = 128
AWAY_S: Final = 0.2
"""A sibling that is not there is not looked for again for this long."""
LISTED_S: Final = 1.0
"""The list of siblings is as old as this at most."""
ANSWER_S: Final = 1.0

Outcome = Literal["passed", "full", "away"]


class Receiver(Protocol):
    """Takes what siblings hand over."""

    def datagram_handed_over(self, datagram: Datagram) -> None: ...

    def connection_handed_over(self, connection: socket.socket, read: bytes) -> None:
        """Take a TCP connection, and what was read from it."""
        ...

    def shared_sockets(self) -> list[socket.socket]:
        """The sockets of the port, for a sibling that starts."""
        ...


class Siblings:
    """The way to the other workers, and from them.

    :param number: of this worker. No other process may have it.
    :param folder: the same for all workers of the machine. It is made if it does not exist.
    :raises OSError: if the folder cannot be made.
    """

    def __init__(self, number: int, folder: Path, receiver: Receiver) -> None:
        self._number = number
        self._receiver = receiver
        self._loop = asyncio.get_running_loop()
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        self._folder = folder
        # A socket's path has at most 107 bytes. This way to it is short.
        self._folder_descriptor = os.open(folder, os.O_DIRECTORY | os.O_PATH | os.O_CLOEXEC)
        self._listener = _unix_socket()
        self._links: dict[int, socket.socket] = {}
        self._from_siblings: set[socket.socket] = set()
        self._away_until: dict[int, float] = {}
        self._listed: list[int] = []
        self._listed_at = -inf

    def listen(self) -> None:
        """Take what siblings hand over, from now on.

        :raises OSError: if there can be no Unix socket in the folder.
        """
        with suppress(FileNotFoundError):
            (self._folder / str(self._number)).unlink()  # of the worker that had our number
        self._listener.bind(self._path(self._number))
        self._listener.listen(BACKLOG)
        self._loop.add_reader(self._listener, self._accept)

    def close(self) -> None:
        for link in list(self._from_siblings):
            self._close_from(link)
        for number in list(self._links):
            self._close_to(number)
        self._loop.remove_reader(self._listener)
        self._listener.close()
        os.close(self._folder_descriptor)

    def numbers(self) -> list[int]:
        """The numbers of the others. Some may have ended."""
        now = self._loop.time()
        if now - self._listed_at > LISTED_S:
            self._listed_at = now
            try:
                names = [path.name for path in self._folder.iterdir()]
            except FileNotFoundError:  # somebody has cleaned up: there is no way to the others
                names = []
            self._listed = [int(name) for name in names if name.isdecimal()]
        return [number for number in self._listed if number != self._number]

    # To them.

    def pass_datagram(self, number: int, datagram: Datagram) -> Outcome:
        return self._send(number, datagram.pack())

    def pass_connection(self, number: int, descriptor: int, read: bytes) -> Outcome:
        """Pass a TCP connection. It stays up when the caller closes its descriptor."""
        return self._send(number, CONNECTION + read, descriptor)

    async def ask_for_sockets(self) -> tuple[bool, list[socket.socket]]:
        """Ask all siblings for the sockets of the port.

        :returns: whether there is any sibling, and what the first one to answer has.
        """
        asked = [asyncio.to_thread(_ask, self._path(number)) for number in self.numbers()]
        answers = await asyncio.gather(*asked)
        is_any = any(answer is not None for answer in answers)
        first, *others = [answer for answer in answers if answer] or [[]]
        for one in others:
            _close_all(one)
        return is_any, first

    def _send(self, number: int, message: bytes, *descriptors: int) -> Outcome:
        for _ in range(2):  # the second time to a successor, if it has been replaced
            link = self._links.get(number) or self._connect(number)
            if link is None:
                return "away"
            try:
                if descriptors:
                    socket.send_fds(link, [message], descriptors)
                else:
                    link.send(message)
            except BlockingIOError:
                return "full"
            except OSError as exc:
                if exc.errno == errno.ETOOMANYREFS:  # descriptors that a sibling has not taken yet
                    return "full"
                self._close_to(number)
            else:
                return "passed"
        return "away"

    def _connect(self, number: int) -> socket.socket | None:
        now = self._loop.time()
        if now < self._away_until.get(number, -inf):
            return None
        link = _unix_socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUE_BYTES)
        try:
            link.connect(self._path(number))
        except OSError:
            link.close()
            self._away_until[number] = now + AWAY_S
            return None
        self._away_until.pop(number, None)
        self._links[number] = link
        return link

    def _close_to(self, number: int) -> None:
        self._links.pop(number).close()

    def _path(self, number: int) -> str:
        return f"/proc/self/fd/{self._folder_descriptor}/{number}"

    # From them.

    def _accept(self) -> None:
        try:
            link, _ = self._listener.accept()
        except OSError as exc:
            log.warning("a sibling cannot reach this worker: %s", exc)
            return
        link.setblocking(False)
        self._from_siblings.add(link)
        self._loop.add_reader(link, self._read, link)

    def _close_from(self, link: socket.socket) -> None:
        self._from_siblings.discard(link)
        self._loop.remove_reader(link)
        link.close()

    def _read(self, link: socket.socket) -> None:
        for _ in range(MESSAGES_AT_ONCE):
            try:
                message, received, flags, _ = socket.recv_fds(
                    link, MAX_MESSAGE_BYTES, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except OSError:
                message, received, flags = b"", [], 0
            if not message:
                self._close_from(link)
                return
            try:
                sockets = _sockets(received)
                if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
                    _close_all(sockets)
                    raise ValueError("the message is too long")
                self._take(link, message, sockets)
            except (OSError, ValueError) as exc:
                log.warning("not a message of a sibling: %s", exc)
            except Exception:
                # One packet that makes a call fail must not cost the others theirs.
                log.exception("a call failed on a packet")

    def _take(self, link: socket.socket, message: bytes, sockets: list[socket.socket]) -> None:
        kind = message[:1]
        if kind == CONNECTION and len(sockets) == 1:
            self._receiver.connection_handed_over(sockets[0], message[1:])
            return
        _close_all(sockets)
        if kind == DATAGRAM:
            self._receiver.datagram_handed_over(Datagram.unpack(message))
        elif kind == SOCKETS:
            ours = self._receiver.shared_sockets()[:MAX_DESCRIPTORS]
            socket.send_fds(link, [SOCKETS], [one.fileno() for one in ours])


def _unix_socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.setblocking(False)
    return made


def _ask(path: str) -> list[socket.socket] | None:
    """Ask a sibling for the sockets of the port, and wait for them.

    :returns: None if it is not there; nothing if it is, but does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(ANSWER_S)
        try:
            link.connect(path)
        except OSError:
            return None
        try:
            link.send(SOCKETS)
            _, received, _, _ = socket.recv_fds(
                link, MAX_MESSAGE_BYTES, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            return []
    return _sockets(received)


def _sockets(descriptors: list[int]) -> list[socket.socket]:
    """Take descriptors over.

    :raises OSError: if one of them is no socket. All are closed then.
    """
    sockets = []
    for position, descriptor in enumerate(descriptors):
        try:
            sockets.append(socket.socket(fileno=descriptor))
        except OSError:
            _close_all(sockets)
            for left in descriptors[position:]:
                os.close(left)
            raise
    return sockets


def _close_all(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
