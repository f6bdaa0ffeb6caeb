"""Puts received packets back into their order."""

from collections.abc import Iterable, Iterator

from .packet import AudioPacket


class Reorder:
    """Puts the packets of one stream back into their order.

    A packet that follows a gap waits for one more packet, in case the missing one is only late:
    networks mostly swap neighbours. It never waits longer, and a packet that comes later than that
    is dropped.
    """

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._due = 0
        self._held: AudioPacket | None = None

    def put(self, packet: AudioPacket) -> Iterable[AudioPacket]:
        """Take a packet as it arrived, and return those that are ready now, in order."""
        if self._held is None and packet.sequence_number == self._due and packet.ssrc == self._ssrc:
            self._due = (self._due + 1) & 0xFFFF
            return (packet,)  # the usual case, kept fast
        return self._sort(packet)

    def _sort(self, packet: AudioPacket) -> Iterator[AudioPacket]:
        if packet.ssrc != self._ssrc:
            self._ssrc, self._due, self._held = packet.ssrc, packet.sequence_number, None
        ahead = self._ahead(packet)
        if ahead == 0:
            yield self._next(packet)
            if self._held is not None and self._ahead(self._held) == 0:
                yield self._next(self._held)
        elif ahead == 1 and self._held is None:
            self._held = packet
        elif ahead > 0:
            for later in sorted(filter(None, (self._held, packet)), key=self._ahead):
                yield self._next(later)

    def _ahead(self, packet: AudioPacket) -> int:
        """Return how many packets it is early by; 0 for the next one, negative if it is late."""
        ahead = (packet.sequence_number - self._due) & 0xFFFF
        return ahead - 0x10000 if ahead >= 0x8000 else ahead

    def _next(self, packet: AudioPacket) -> AudioPacket:
        self._due = (packet.sequence_number + 1) & 0xFFFF
        if packet is self._held:
            self._held = None
        return packet
