"""The interface for a bot of your own (docs/bot.md), and the voice that runs it."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol, runtime_checkable

from ..media.opus import Pcm
from ..media.packet import AudioPacket
from ..media.voice import Voice
from .audio_input import AudioInput
from .audio_output import AudioOutput
from .turn_taking import TurnTaking

log = logging.getLogger("voicedemo.bot")

BLOCKS_S = 0.1
"""So long a method of a bot may take before the log tells. Every caller hears a gap by then."""
MAX_SNAPSHOT_BYTES: Final = 64 * 1024
FAULTS = (Exception, asyncio.CancelledError)
"""The exceptions that count as a fault of the bot. Its methods do not await, so a
``CancelledError`` comes from one of its own tasks and is no request to cancel ours."""


class Bot(Protocol):
    """The bot of one call. It hears and says samples: 16 bits, one channel.

    All methods are called on the event loop that carries every call of the process. Work that
    takes longer than a millisecond belongs in ``asyncio.create_task`` or ``asyncio.to_thread``.

    :cvar sample_rate: rate of the samples it hears and says, in Hz: 48000, 24000, 16000 or 8000.
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


@runtime_checkable
class Portable(Protocol):
    """What a :class:`Bot` has as well if it can go on in another process."""

    def snapshot(self) -> bytes:
        """Return what the next bot of this call needs to know: at most 64 KB, in a format of its
        own. Called every second.
        """
        ...

    def resume(self, output: AudioOutput, snapshot: bytes) -> None:
        """Called in the place of ``begin``: the call goes on, after one that returned this.

        Nothing of what that one had still to say is in ``output``.
        """
        ...


class PluggedInVoice(Voice):
    """Connects a :class:`Bot` to a call: decodes what it hears and encodes what it says.

    A bot that raises fails its own call and no other.

    :param call_id: for the log.
    :param make_bot: makes the bot of this call.
    :param on_caption: called with each caption as the bot begins to say it, and with ``''`` when
        it is silent.
    :param on_failure: called once if the bot raises, unless it does so in ``end``.
    :param snapshot: of the bot that this one follows; empty if it is the call's first.
    """

    def __init__(
        self,
        call_id: uuid.UUID,
        make_bot: Callable[[], Bot],
        turns: TurnTaking,
        on_caption: Callable[[str], None],
        on_failure: Callable[[], None],
        snapshot: bytes = b"",
    ) -> None:
        self._call_id = call_id
        self._turns = turns
        self._on_failure = on_failure
        self._bot: Bot | None = None
        self._failed = False
        self._was_slow = False
        with self._guard("the class, begin() or resume()"):
            bot = make_bot()
            self._input = AudioInput(bot.sample_rate)
            self._output = AudioOutput(bot.sample_rate, on_caption)
            if snapshot and isinstance(bot, Portable):
                bot.resume(self._output, snapshot)
            else:
                bot.begin(self._output)
            self._bot = bot

    def hear(self, packet: AudioPacket) -> None:
        if self._bot is None or self._failed:
            return
        # Decoded outside the guard: a packet that is not Opus is no fault of the bot's.
        heard = list(self._input.decode(packet))
        with self._guard("hear() or interrupted()"):
            if self._bot.takes_turns:
                self._take_turns(self._bot, packet)
            for pcm in heard:
                self._bot.hear(pcm)

    def next_frame(self) -> bytes | None:
        if self._bot is None or self._failed:
            return None
        frame = self._output.next_frame()
        if frame is None:
            self._turns.bot_is_silent()
        elif self._bot.takes_turns:
            self._turns.bot_speaks()
        return frame

    @property
    def is_in_pause(self) -> bool:
        return self._bot is None or not self._bot.takes_turns or self._turns.is_in_pause

    def snapshot(self) -> bytes:
        if not isinstance(self._bot, Portable) or self._failed:
            return b""
        taken = b""
        with self._guard("snapshot()"):
            taken = self._bot.snapshot()
            if not isinstance(taken, bytes) or len(taken) > MAX_SNAPSHOT_BYTES:
                raise TypeError(f"snapshot() returns bytes, at most {MAX_SNAPSHOT_BYTES} of them")
        return b"" if self._failed else taken

    def end(self) -> None:
        if self._bot is None:
            return
        try:
            with self._timed("end()"):
                self._bot.end()
        except FAULTS:
            log.exception("call %s: its bot raised in end()", self._call_id)

    def _take_turns(self, bot: Bot, packet: AudioPacket) -> None:
        self._turns.hear(packet)
        if self._turns.is_interrupted:
            self._output.clear()
            self._turns.bot_is_silent()
            bot.interrupted()

    @contextmanager
    def _guard(self, what: str) -> Iterator[None]:
        """Report what the bot raises as a failure."""
        try:
            with self._timed(what):
                yield
        except FAULTS:
            log.exception("call %s: its bot raised, so the call fails", self._call_id)
            self._failed = True
            self._on_failure()

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        """Report once that the bot blocks the event loop."""
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            if seconds > BLOCKS_S and not self._was_slow:
                self._was_slow = True
                log.warning(
                    "call %s: its bot's %s took %.0f ms, in which no call of this process was "
                    "served. Give such work to asyncio.to_thread (docs/bot.md)",
                    self._call_id,
                    what,
                    1000 * seconds,
                )
