from typing import Protocol

from .packet import AudioPacket


class Voice(Protocol):
    """What the bot says, packet by packet, and what it makes of what it hears."""

    def hear(self, packet: AudioPacket) -> None:
        """A packet from the person has arrived."""
        ...

    def next_frame(self) -> bytes | None:
        """The next 20 ms to say, as one Opus packet; None for nothing. Asked every 20 ms."""
        ...

    def end(self) -> None:
        """The call is over."""
        return
