from itertools import chain, cycle, repeat
from typing import Final

from ..media.packet import AudioPacket
from ..media.voice import Voice

PAUSE_FRAMES: Final = 100


class PromptVoice(Voice):
    """Says one thing over and over, with a pause of two seconds, whatever it hears."""

    def __init__(self, prompt: tuple[bytes, ...], pause_frames: int = PAUSE_FRAMES) -> None:
        self._frames = cycle(chain(prompt, repeat(None, pause_frames)))

    def hear(self, packet: AudioPacket) -> None:
        """It does not listen."""

    def next_frame(self) -> bytes | None:
        return next(self._frames)
