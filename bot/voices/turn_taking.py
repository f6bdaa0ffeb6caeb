"""Whose turn it is: when the person starts and stops speaking, and when they interrupt the bot."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from ..media.level import LevelMeter, SpeechDetector
from ..media.packet import AudioPacket, frames

INTERRUPTION_WINDOW: Final = frames(0.2)
"""The latest packets, in which an interruption is told from a noise."""
LOUD_ENOUGH: Final = frames(0.14)
"""An interruption has at least this many loud packets in the window. A cough has fewer."""
LOUD_DBOV: Final = -40
"""The level of a voice close to the microphone. What an echo canceller leaves of the loudspeaker is
quieter."""
ECHO_MARGIN_DB: Final = 10
"""An interruption is louder than the echo by this much."""
ECHO_WINDOW: Final = frames(1.0)
"""The echo is measured over this many packets."""
ECHO_KNOWN_AFTER: Final = frames(0.5)
"""Nothing counts as an interruption until the echo has been measured for this long."""


class TurnTaking:
    """Follows who speaks, and notices when the person interrupts the bot.

    It must be told of each packet that arrives and of each frame that the bot sends.

    A phone without an echo canceller sends the bot's own voice back. The level that arrives while
    the bot speaks is therefore taken for its echo, and only what is clearly louder counts as an
    interruption. Without this, the bot would stop for its own voice.

    :param on_turn: called with the time that the person waited for an answer, in seconds: from
        the end of their speech to the first frame of the bot's. The page's budget for it is 1.4 s.
    :param clock: the current time in seconds.
    """

    def __init__(
        self, on_turn: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_turn = on_turn
        self._clock = clock
        self._meter = LevelMeter()
        self._detector = SpeechDetector()
        self._bot_speaks = False
        self._recent_levels: deque[int] = deque(maxlen=INTERRUPTION_WINDOW)
        self._echo_levels: deque[int] = deque(maxlen=ECHO_WINDOW)
        self._person_spoke_at: float | None = None

    def hear(self, packet: AudioPacket) -> bool:
        """Take the next packet from the person, and return whether it is speech."""
        level = self._meter.level(packet)
        is_speech = self._detector.is_speech(level)
        if self._bot_speaks:
            self._recent_levels.append(level)
            self._echo_levels.append(level)
        elif is_speech:
            self._person_spoke_at = self._clock()
        return is_speech

    @property
    def is_interrupted(self) -> bool:
        """Whether the person has begun to speak while the bot is speaking."""
        if not self._bot_speaks or len(self._echo_levels) < ECHO_KNOWN_AFTER:
            return False
        threshold = max(LOUD_DBOV, _third_quartile(self._echo_levels) + ECHO_MARGIN_DB)
        return sum(level > threshold for level in self._recent_levels) >= LOUD_ENOUGH

    @property
    def is_in_pause(self) -> bool:
        """Whether the bot has answered, and nobody speaks."""
        return not self._bot_speaks and self._person_spoke_at is None

    def bot_speaks(self) -> None:
        """The bot sends a frame of speech."""
        if not self._bot_speaks:
            self._bot_speaks = True
            if self._person_spoke_at is not None:
                self._on_turn(self._clock() - self._person_spoke_at)
                self._person_spoke_at = None

    def bot_is_silent(self) -> None:
        """The bot has nothing to say."""
        self._bot_speaks = False
        self._recent_levels.clear()


def _third_quartile(levels: Iterable[int]) -> int:
    """The level of the louder parts of the echo.

    The interruption itself is among the levels. It is noticed before it fills a quarter of them.
    """
    ordered = sorted(levels)
    return ordered[3 * len(ordered) // 4]
