"""Voices made of samples: what to plug a bot of your own into."""

from collections.abc import Callable
from typing import Protocol

from ..media.opus import Pcm
from ..media.packet import AudioPacket
from ..media.voice import Voice
from .audio_input import Ears
from .audio_output import Mouth
from .turn_taking import Floor


class Bot(Protocol):
    """One caller's bot. Everything happens on the event loop: hand on what takes longer than a
    millisecond (``asyncio.create_task``, ``asyncio.to_thread``).

    :cvar sample_rate: of what it hears and says: 48000 or 16000 Hz; mono, 16-bit.
    :cvar takes_turns: it is hushed when the person speaks while it does.
    """

    sample_rate: int
    takes_turns: bool

    def begin(self, mouth: Mouth) -> None:
        """The call is up: this is what it speaks through."""
        ...

    def hear(self, pcm: Pcm) -> None:
        """The next 20 ms of the person."""
        ...

    def interrupted(self) -> None:
        """It was hushed: what it had to say and had not yet said is gone."""
        ...

    def end(self) -> None:
        """The call is over."""
        ...


class PcmVoice(Voice):
    """Lets a :class:`Bot` listen and speak: decodes what comes, encodes what it says."""

    def __init__(
        self, make_bot: Callable[[], Bot], floor: Floor, on_caption: Callable[[str], None]
    ) -> None:
        self._floor = floor
        self._bot = make_bot()
        self._ears = Ears(self._bot.sample_rate)
        self._mouth = Mouth(self._bot.sample_rate, on_caption)
        self._bot.begin(self._mouth)

    def hear(self, packet: AudioPacket) -> None:
        if self._bot.takes_turns:
            self._floor.hear(packet)
            if self._floor.is_interrupted:
                self._mouth.hush()
                self._floor.bot_is_silent()
                self._bot.interrupted()
        for pcm in self._ears.hear(packet):
            self._bot.hear(pcm)

    def next_frame(self) -> bytes | None:
        frame = self._mouth.next_frame()
        if frame is None:
            self._floor.bot_is_silent()
        elif self._bot.takes_turns:
            self._floor.bot_speaks()
        return frame

    def end(self) -> None:
        self._bot.end()
