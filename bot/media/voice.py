from typing import Protocol

from .packet import AudioPacket


class Voice(Protocol):
    """What the bot says, packet by packet, and what it makes of what it hears."""

    def hear(self, packet: AudioPacket) -> None:
        """A packet from the person has arrived, later than those before it."""
        ...

    def next_frame(self) -> bytes | None:
        """The next 20 ms to say, as one Opus packet; asked every 20 ms.

        None for nothing, :data:`LOST <bot.media.packet.LOST>` for a hole in what is repeated.
        """
        ...

    def end(self) -> None:
        """The call is over."""
        return
