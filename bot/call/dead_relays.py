from collections.abc import Iterable

from wire.constants import RelayProtocol

from ..ice.turn import TurnServer


class DeadRelays:
    """Finds out over which protocols no TURN server answers, in one ICE generation.

    :param servers: all that are asked.
    """

    def __init__(self, servers: Iterable[TurnServer] = ()) -> None:
        self._unfailed = {server.url: server.protocol for server in servers}
        self._known = set(self._unfailed.values())

    @property
    def protocols(self) -> list[RelayProtocol]:
        """The protocols that have servers, all of which failed."""
        return sorted(self._known - set(self._unfailed.values()))

    def fail(self, url: str) -> bool:
        """Note that a server failed. Returns whether a protocol is dead now that was not before."""
        protocol = self._unfailed.pop(url, None)
        return protocol is not None and protocol in self.protocols
