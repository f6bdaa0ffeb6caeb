from collections.abc import Callable

from ..media.packet import AudioPacket
from ..media.voice import Voice


class EchoVoice(Voice):
    """Sends every packet straight back, encoded as it came."""

    def __init__(self, forward: Callable[[AudioPacket], None]) -> None:
        self._forward = forward

    def hear(self, packet: AudioPacket) -> None:
        self._forward(packet)

    def next_frame(self) -> None:
        return None
