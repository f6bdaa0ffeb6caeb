"""The interface of a voice, as an audio stream uses it."""

from typing import Protocol

from .packet import AudioPacket


class Voice(Protocol):
    """The bot's side of one conversation, in encoded packets."""

    def hear(self, packet: AudioPacket) -> None:
        """Take the next packet from the person. Packets come in order; lost ones are missing."""
        ...

    def next_frame(self) -> bytes | None:
        """Return the next 20 ms to say, as one Opus packet. Called every 20 ms.

        None stands for silence, and :data:`LOST <bot.media.packet.LOST>` for a gap.
        """
        ...

    @property
    def is_in_pause(self) -> bool:
        """Whether nothing is lost if the call goes on with another voice of this kind now."""
        return True

    def snapshot(self) -> bytes:
        """What another voice of this kind needs to go on where this one is. Taken every second, for
        the case that this process dies.
        """
        return b""

    def end(self) -> None:
        """Release what the voice holds: the call is over."""
        return
