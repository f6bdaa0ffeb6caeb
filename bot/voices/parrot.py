"""The default voice: it greets, listens, and repeats what it heard."""

from collections import deque
from collections.abc import Iterable

from wire.snapshots import ParrotSnapshot

from ..media.fade import WARM_UP_PACKETS, fade_out_packet
from ..media.packet import LOST, AudioPacket, frames
from ..media.voice import Voice
from .turn_taking import LOUD_ENOUGH, TurnTaking

PRE_ROLL = frames(0.3)
"""Kept from before the first packet of speech, as words begin quietly."""
PAUSE = frames(0.8)
"""A phrase ends after this much silence."""
TAIL = frames(0.3)
"""This much of the pause is repeated with the phrase."""
SHORTEST = frames(0.1)
"""Less speech than this is a cough or a click, not a phrase."""
LONGEST = frames(20)
"""A longer phrase is repeated in parts."""
LONGEST_GAP = frames(0.2)
"""A longer gap is shortened to this when it is repeated. The page takes a silence of twice this
length for a dead path."""
LISTEN_AFTER = frames(0.3)
"""Listening begins this long after the last frame, when its echo has died away."""


class ParrotVoice(Voice):
    """Greets, listens, and repeats what the person said once they pause.

    When it is interrupted, it fades out and listens. While it speaks it keeps only the last
    :data:`PRE_ROLL` packets, in case they begin an interruption. On a phone's loudspeaker it can
    therefore neither howl nor answer itself.

    :param greeting: Opus packets of 20 ms each.
    :param snapshot: of the parrot that this one follows; empty if it is the call's first.
    """

    def __init__(
        self, greeting: tuple[bytes, ...], turns: TurnTaking, snapshot: bytes = b""
    ) -> None:
        self._turns = turns
        self._expected_number: int | None = None
        self._to_say: deque[bytes] = deque()
        self._last_said: deque[bytes] = deque(maxlen=WARM_UP_PACKETS)
        self._heard_while_speaking: deque[bytes] = deque(maxlen=PRE_ROLL)
        known = ParrotSnapshot.unpack(snapshot)
        if known.phrase:
            self._begin_listening(known.phrase, speech=known.speech)
            self._quiet = known.quiet
        else:
            self._say(known.to_say or greeting)

    def hear(self, packet: AudioPacket) -> None:
        lost = self._lost_before(packet)
        is_speech = self._turns.hear(packet)
        if self._is_listening:
            self._phrase += lost
            self._listen(packet.payload, is_speech=is_speech)
            return
        self._heard_while_speaking += (*lost, packet.payload)
        if self._turns.is_interrupted:
            self._stop_speaking()

    def next_frame(self) -> bytes | None:
        if self._to_say:
            frame = self._to_say.popleft()
            if frame != LOST:
                self._last_said.append(frame)
            if not self._is_listening:
                self._turns.bot_speaks()
            return frame
        self._turns.bot_is_silent()
        if self._is_listening:
            return None
        self._frames_since_said += 1
        if self._frames_since_said >= LISTEN_AFTER:
            self._begin_listening()
        return None

    @property
    def is_in_pause(self) -> bool:
        return self._is_listening and not self._speech and not self._to_say

    def snapshot(self) -> bytes:
        if not self._is_listening:
            return ParrotSnapshot(to_say=list(self._to_say)).pack()
        if not self._speech:
            return b""
        return ParrotSnapshot(phrase=self._phrase, speech=self._speech, quiet=self._quiet).pack()

    def _lost_before(self, packet: AudioPacket) -> list[bytes]:
        """Stand-ins for the packets lost before this one.

        A gap is repeated as a gap, as only the person's own decoder can conceal it.
        """
        missing = 0
        if self._expected_number is not None:
            missing = (packet.sequence_number - self._expected_number) & 0xFFFF
        self._expected_number = (packet.sequence_number + 1) & 0xFFFF
        return [LOST] * min(missing, LONGEST_GAP)

    def _say(self, packets: Iterable[bytes]) -> None:
        self._is_listening = False
        self._to_say.extend(packets)
        self._frames_since_said = 0

    def _stop_speaking(self) -> None:
        """Fade out, and listen to the phrase that has interrupted the bot."""
        last = next((frame for frame in self._to_say if frame != LOST), None)
        self._to_say.clear()
        if last is not None:
            self._to_say.append(fade_out_packet(self._last_said, last))
        self._turns.bot_is_silent()
        self._begin_listening(self._heard_while_speaking, speech=LOUD_ENOUGH)

    def _begin_listening(self, phrase: Iterable[bytes] = (), *, speech: int = 0) -> None:
        """:param speech: how many packets of ``phrase`` are speech."""
        self._is_listening = True
        self._phrase = list(phrase)
        self._speech = speech
        self._quiet = 0

    def _listen(self, payload: bytes, *, is_speech: bool) -> None:
        self._phrase.append(payload)
        if is_speech:
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
