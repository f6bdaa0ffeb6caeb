"""Which connections the web port has, and which of them goes when there are too many."""

import time
from collections import Counter
from math import inf
from typing import Final, Protocol

LOOKED_AT_EVERY_S: Final = 1.0


class Connection(Protocol):
    """A connection, as far as it can be closed."""

    @property
    def is_dead(self) -> bool: ...

    def abort(self) -> None: ...


class WebConnections:
    """The connections to the web port.

    One is idle while no request of it is being answered, and it is no socket of a page. A browser
    opens another one when it needs one. So idle connections make room for new ones, and nobody can
    keep visitors out with connections that say nothing, or little.

    :param most: how many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = 0
        self._idle: dict[Connection, str] = {}
        """With their networks, the longest idle first."""
        self._of_network = Counter[str]()
        self._in_use: set[Connection] = set()
        self._looked_at = -inf

    def admit(self) -> bool:
        """Count one more connection, and close an idle one if it takes that.

        :returns: False if as many as there may be are in use.
        """
        self._close_dead()
        if self._open >= self._most and not self._close_one():
            return False
        self._open += 1
        return True

    def idle(self, connection: Connection, network: str) -> None:
        """No request of this connection is being answered.

        :param network: the same for all connections of a network.
        """
        self.left(connection)
        self._idle[connection] = network
        self._of_network[network] += 1

    def in_use(self, connection: Connection) -> None:
        """A request of this connection is being answered."""
        self.left(connection)
        self._in_use.add(connection)

    def left(self, connection: Connection) -> None:
        """This connection is closed, or has become the socket of a page."""
        self._in_use.discard(connection)
        network = self._idle.pop(connection, None)
        if network is None:
            return
        self._of_network[network] -= 1
        if not self._of_network[network]:
            del self._of_network[network]

    def closed(self) -> None:
        """A connection that was admitted is gone."""
        self._open -= 1

    def _close_one(self) -> bool:
        """Close the longest idle connection of the network that has most of them."""
        if not self._idle:
            return False
        ((network, _),) = self._of_network.most_common(1)
        connection = next(one for one, found in self._idle.items() if found == network)
        self.left(connection)
        connection.abort()
        return True

    def _close_dead(self) -> None:
        """Close the connections that were reset while a request was being answered."""
        now = time.monotonic()
        if now - self._looked_at < LOOKED_AT_EVERY_S:
            return
        self._looked_at = now
        for connection in [one for one in self._in_use if one.is_dead]:
            self.left(connection)
            connection.abort()
