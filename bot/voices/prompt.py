"""The voice that says one thing again and again."""

from itertools import chain, cycle, repeat
from typing import Final

from ..media.packet import AudioPacket
from ..media.voice import Voice

PAUSE_FRAMES: Final = 100
"""Two seconds."""


class PromptVoice(Voice):
    """Repeats a recording, with a pause after each time. It does not listen.

    :param prompt: Opus packets of 20 ms each.
    :param pause_frames: length of the pause, in frames of 20 ms.
    """

    def __init__(self, prompt: tuple[bytes, ...], pause_frames: int = PAUSE_FRAMES) -> None:
        self._frames = cycle(chain(prompt, repeat(None, pause_frames)))

    def hear(self, packet: AudioPacket) -> None:
        """Ignore the packet."""

    def next_frame(self) -> bytes | None:
        return next(self._frames)
