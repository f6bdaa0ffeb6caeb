"""The sockets of this process, and limits on them. Each takes memory and a file descriptor for as
long as it likes.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from .shared.chosen import store
from .shared.sockets import Limits, SharedSockets

CLOSE_REPLACED: Final = 4408
"""The close code of a socket that made room for a later one of the same ticket."""
CLOSE_FULL: Final = 4429
"""The close code of a socket that there was no room for."""

BY_TICKET: Final = 4
"""A page has one socket, and two for a moment when it changes networks."""
BY_NETWORK: Final = 250
"""A trade fair with a hundred phones behind one address has two each."""
IN_ALL: Final = 2000

RATES: Final = {
    "offer": (20, 0.5),
    "candidate": (200, 20.0),
    "ice": (10, 0.2),
    "resume": (20, 1.0),
    "wait": (20, 1.0),
}
"""How many messages of a type a socket may send at once, and how many a second after that. A call
that restarts its ICE every other second keeps to this."""
OTHER_RATE: Final = (100, 10.0)


class Socket(Protocol):
    """A socket that can be told to make room."""

    channel_name: str

    @property
    def bot_channel(self) -> str | None:
        """None if it has no call."""
        ...

    async def close(self, code: int) -> None: ...

    async def move_from(self, channel: str) -> None:
        """Tell the page to leave the worker on this channel, unless it knows or has left it."""
        ...


class Room(NamedTuple):
    """Whether there is room for a socket.

    :param elsewhere: the channels of sockets in other processes. They shall make room for it,
        unless they have a call.
    """

    is_there: bool
    elsewhere: tuple[str, ...] = ()


class OpenSockets:
    """The sockets of this process, by ticket and by network. Over Redis the limits are those of all
    processes.
    """

    def __init__(self) -> None:
        self._by_ticket: dict[str, list[Socket]] = {}
        self._by_network: Counter[str] = Counter()
        everybodys = store()
        self._shared = SharedSockets(everybodys) if everybodys else None

    async def add(self, socket: Socket, ticket: str, network: str) -> Room:
        """Count a socket, if there is room. If its ticket has too many here, its oldest one without
        a call is closed.
        """
        if self._by_network[network] >= BY_NETWORK or self._by_network.total() >= IN_ALL:
            return Room(is_there=False)
        self._by_network[network] += 1
        mine = self._by_ticket.setdefault(ticket, [])
        mine.append(socket)
        if len(mine) > BY_TICKET:
            await min(mine, key=lambda one: one.bot_channel is not None).close(CLOSE_REPLACED)
        if self._shared is None:
            return Room(is_there=True)
        oldest = await self._shared.add(
            socket.channel_name, ticket, network, Limits(BY_NETWORK, BY_TICKET)
        )
        if oldest is None:
            self.remove(socket, ticket, network)
            return Room(is_there=False)
        here = {one.channel_name for one in mine}
        return Room(True, tuple(channel for channel in oldest if channel not in here))

    def remove(self, socket: Socket, ticket: str, network: str) -> None:
        """Count a socket no longer. Does nothing if it was not counted."""
        mine = self._by_ticket.get(ticket, [])
        if socket not in mine:
            return
        mine.remove(socket)
        if self._shared:
            self._shared.remove(socket.channel_name)
        if not mine:
            del self._by_ticket[ticket]
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    def with_calls(self) -> Iterator[tuple[Socket, str]]:
        """The sockets that have a call, and the channels of their workers."""
        for sockets in self._by_ticket.values():
            for socket in sockets:
                if socket.bot_channel is not None:
                    yield socket, socket.bot_channel


open_sockets = OpenSockets()
