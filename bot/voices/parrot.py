from collections import deque
from collections.abc import Iterable
from enum import Enum, auto

from ..media import opus
from ..media.packet import LOST, AudioPacket, frames
from ..media.voice import Voice
from .turn_taking import MOST_OF_IT, Floor

PRE_ROLL = frames(0.3)
"""Kept from before the first loud packet: words begin quietly."""
PAUSE = frames(0.8)
"""This much quiet ends a phrase."""
TAIL = frames(0.3)
"""Of the pause, repeated with the phrase."""
SHORTEST = frames(0.1)
"""Less speech than this is a cough or a click, not a phrase."""
LONGEST = frames(20)
"""A longer phrase is repeated in parts."""
LONGEST_HOLE = frames(0.2)
"""Half of the silence that the page takes for a dead path."""
DEAF_AFTER_SPEAKING = frames(0.3)
"""What the loudspeaker just said may still be in the room."""


class _Mood(Enum):
    SPEAKING = auto()
    LISTENING = auto()


class ParrotVoice(Voice):
    """Greets, listens, and repeats what was said once the person pauses.

    Interrupted, it fades out and listens. It remembers nothing else of what it hears while it
    speaks, so on a phone's loudspeaker it cannot howl or answer itself.

    :param greeting: Opus packets of 20 ms each.
    """

    def __init__(self, greeting: tuple[bytes, ...], floor: Floor) -> None:
        self._floor = floor
        self._due: int | None = None
        self._script: deque[bytes] = deque()
        self._said: deque[bytes] = deque(maxlen=opus.WARM_UP)
        self._overheard: deque[bytes] = deque(maxlen=PRE_ROLL)
        self._say(greeting)

    def hear(self, packet: AudioPacket) -> None:
        lost = self._lost_before(packet)
        speech = self._floor.hear(packet)
        if self._mood is _Mood.LISTENING:
            self._phrase += lost
            self._listen(packet.payload, speech=speech)
            return
        self._overheard += (*lost, packet.payload)
        if self._floor.is_interrupted:
            self._be_interrupted()

    def next_frame(self) -> bytes | None:
        if self._script:
            frame = self._script.popleft()
            if frame != LOST:
                self._said.append(frame)
            if self._mood is _Mood.SPEAKING:
                self._floor.bot_speaks()
            return frame
        self._floor.bot_is_silent()
        if self._mood is _Mood.LISTENING:
            return None
        self._deaf += 1
        if self._deaf >= DEAF_AFTER_SPEAKING:
            self._begin_listening()
        return None

    def _lost_before(self, packet: AudioPacket) -> list[bytes]:
        """A hole stays a hole: the far decoder is the one that can fill it."""
        missing = (packet.sequence_number - self._due) & 0xFFFF if self._due is not None else 0
        self._due = (packet.sequence_number + 1) & 0xFFFF
        return [LOST] * min(missing, LONGEST_HOLE)

    def _say(self, packets: Iterable[bytes]) -> None:
        self._mood = _Mood.SPEAKING
        self._script.extend(packets)
        self._deaf = 0

    def _be_interrupted(self) -> None:
        last = next((frame for frame in self._script if frame != LOST), None)
        self._script.clear()
        if last is not None:
            self._script.append(opus.faded_out(self._said, last))
        self._floor.bot_is_silent()
        self._begin_listening(self._overheard, speech=MOST_OF_IT)

    def _begin_listening(self, phrase: Iterable[bytes] = (), *, speech: int = 0) -> None:
        self._mood = _Mood.LISTENING
        self._phrase = list(phrase)
        self._speech = speech
        self._quiet = 0

    def _listen(self, payload: bytes, *, speech: bool) -> None:
        self._phrase.append(payload)
        if speech:
            self._speech += 1
            self._quiet = 0
        else:
            self._quiet += 1
        if self._speech < SHORTEST:
            if self._quiet >= PRE_ROLL:
                self._speech = 0
            del self._phrase[: -(PRE_ROLL + SHORTEST)]
        elif self._quiet >= PAUSE or len(self._phrase) >= LONGEST:
            self._say(self._phrase[: len(self._phrase) - max(0, self._quiet - TAIL)])
