"""The voice that lets callers hear themselves."""

from collections.abc import Callable

from ..media.packet import AudioPacket
from ..media.voice import Voice


class EchoVoice(Voice):
    """Sends every packet straight back. Nothing is decoded.

    :param forward: sends one packet to the person.
    """

    def __init__(self, forward: Callable[[AudioPacket], None]) -> None:
        self._forward = forward

    def hear(self, packet: AudioPacket) -> None:
        self._forward(packet)

    def next_frame(self) -> None:
        return None
