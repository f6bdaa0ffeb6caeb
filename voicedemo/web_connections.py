"""Which connections the web port has, and which of them goes when there are too many."""

from collections import Counter
from typing import Protocol


class Connection(Protocol):
    """A connection, as far as it can be closed."""

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

    def admit(self) -> bool:
        """Count one more connection, and close an idle one if it takes that.

        :returns: False if as many as there may be are in use.
        """
        if self._open >= self._most and not self._close_one():
            return False
        self._open += 1
        return True

    def idle(self, connection: Connection, network: str) -> None:
        """No request of this connection is being answered.

        :param network: the same for all connections of a network.
        """
        self.in_use(connection)
        self._idle[connection] = network
        self._of_network[network] += 1

    def in_use(self, connection: Connection) -> None:
        """A request of this connection is being answered, or it is closed."""
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
        self.in_use(connection)
        connection.abort()
        return True
