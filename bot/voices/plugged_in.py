"""The interface for a bot of your own (docs/bot.md), and the voice that runs it."""

from collections.abc import Callable
from typing import Protocol

from ..media.opus import Pcm
from ..media.packet import AudioPacket
from ..media.voice import Voice
from .audio_input import AudioInput
from .audio_output import AudioOutput
from .turn_taking import TurnTaking


class Bot(Protocol):
    """The bot of one call. It hears and says samples: 16 bits, one channel.

    All methods are called on the event loop that carries every call of the process. Work that
    takes longer than a millisecond belongs in ``asyncio.create_task`` or ``asyncio.to_thread``.

    :cvar sample_rate: rate of the samples it hears and says, in Hz: 48000 or 16000.
    :cvar takes_turns: whether it is interrupted when the person speaks while it does.
    """

    sample_rate: int
    takes_turns: bool

    def begin(self, output: AudioOutput) -> None:
        """The call is connected. What the bot says goes into ``output``."""
        ...

    def hear(self, pcm: Pcm) -> None:
        """The person's next 20 ms, silence included."""
        ...

    def interrupted(self) -> None:
        """The person has interrupted the bot. What it had still to say has been dropped."""
        ...

    def end(self) -> None:
        """The call is over."""
        ...


class PluggedInVoice(Voice):
    """Connects a :class:`Bot` to a call: decodes what it hears and encodes what it says.

    :param make_bot: makes the bot of this call.
    :param on_caption: called with each caption as the bot begins to say it, and with ``''`` when
        it is silent.
    """

    def __init__(
        self, make_bot: Callable[[], Bot], turns: TurnTaking, on_caption: Callable[[str], None]
    ) -> None:
        self._turns = turns
        self._bot = make_bot()
        self._input = AudioInput(self._bot.sample_rate)
        self._output = AudioOutput(self._bot.sample_rate, on_caption)
        self._bot.begin(self._output)

    def hear(self, packet: AudioPacket) -> None:
        if self._bot.takes_turns:
            self._turns.hear(packet)
            if self._turns.is_interrupted:
                self._output.clear()
                self._turns.bot_is_silent()
                self._bot.interrupted()
        for pcm in self._input.decode(packet):
            self._bot.hear(pcm)

    def next_frame(self) -> bytes | None:
        frame = self._output.next_frame()
        if frame is None:
            self._turns.bot_is_silent()
        elif self._bot.takes_turns:
            self._turns.bot_speaks()
        return frame

    def end(self) -> None:
        self._bot.end()
