"""Who has the floor: when the person begins to speak and stops, while the bot does or not."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from ..media.level import LevelMeter, SpeechDetector
from ..media.packet import AudioPacket, frames

INTERRUPTION: Final = frames(0.2)
"""What is looked at to tell an interruption from a noise."""
MOST_OF_IT: Final = frames(0.14)
"""So much of it has to be loud."""
LOUD_DBOV: Final = -40
"""A voice close to the microphone; what an echo canceller leaves of a loudspeaker is below it."""
ECHO_MARGIN_DB: Final = 10
ECHO_MEMORY: Final = frames(1.0)
ECHO_KNOWN_AFTER: Final = frames(0.5)
"""Before so much was heard of the room with the bot speaking, nothing counts as an interruption."""


class Floor:
    """Told of each packet that comes and each frame that goes out, in a voice that takes turns.

    Where there is no echo canceller the bot hears itself. What is as loud as the room is while it
    speaks is therefore never an interruption, or it would stop for its own voice.

    :param on_turn: told how long the person waited for an answer, in seconds: from the end of what
        they said to the first frame of what the bot says (seed 003's budget is 1.4 s).
    """

    def __init__(
        self, on_turn: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_turn = on_turn
        self._clock = clock
        self._meter = LevelMeter()
        self._detector = SpeechDetector()
        self._bot_speaks = False
        self._recent: deque[int] = deque(maxlen=INTERRUPTION)
        self._room: deque[int] = deque(maxlen=ECHO_MEMORY)
        self._person_spoke_at: float | None = None

    def hear(self, packet: AudioPacket) -> bool:
        """Whether this packet of the person's is speech."""
        level = self._meter.level(packet)
        is_speech = self._detector.is_speech(level)
        if self._bot_speaks:
            self._recent.append(level)
            self._room.append(level)
        elif is_speech:
            self._person_spoke_at = self._clock()
        return is_speech

    @property
    def is_interrupted(self) -> bool:
        """Whether the person has begun to speak while the bot does."""
        if not self._bot_speaks or len(self._room) < ECHO_KNOWN_AFTER:
            return False
        threshold = max(LOUD_DBOV, _usual_peak(self._room) + ECHO_MARGIN_DB)
        return sum(level > threshold for level in self._recent) >= MOST_OF_IT

    def bot_speaks(self) -> None:
        """A frame of the bot's own goes out."""
        if not self._bot_speaks:
            self._bot_speaks = True
            if self._person_spoke_at is not None:
                self._on_turn(self._clock() - self._person_spoke_at)
                self._person_spoke_at = None

    def bot_is_silent(self) -> None:
        self._bot_speaks = False
        self._recent.clear()


def _usual_peak(levels: Iterable[int]) -> int:
    """An interruption is noticed before it fills the upper quarter of what is remembered."""
    ordered = sorted(levels)
    return ordered[3 * len(ordered) // 4]
