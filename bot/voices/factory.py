"""Makes the voice that a page has asked for."""

import uuid
from collections.abc import Callable
from typing import Final

from wire.constants import Voice as VoiceName

from ..media.rtp import RtpSender
from ..media.voice import Voice
from .echo import EchoVoice
from .parrot import ParrotVoice
from .plugged_in import Bot, PluggedInVoice
from .prompt import PromptVoice
from .tone import tone_voice
from .turn_taking import TurnTaking

GREETING_VOICES: Final = frozenset({"parrot", "speech"})
"""Those that say the greeting."""
LISTENING_VOICES: Final = frozenset({"parrot"})
"""Those of them that then listen, so that its caption goes. ``speech`` says it again and again."""


def voice_maker(
    call_id: uuid.UUID,
    name: VoiceName,
    greeting: tuple[bytes, ...],
    make_bot: Callable[[], Bot] | None,
    on_turn: Callable[[float], None],
    on_caption: Callable[[str], None],
    on_failure: Callable[[], None],
) -> Callable[[RtpSender], Voice]:
    """Return a function that makes the named voice for a sender.

    :param call_id: for the log.
    :param greeting: Opus packets of 20 ms each. Empty when the call has been greeted before.
    :param make_bot: makes the bot of one call; None without ``VOICEDEMO_BOT``.
    :param on_turn: called with the time that the person waited for each answer, in seconds.
    :param on_caption: called with each caption as a plugged-in bot begins to say it, and with
        ``''`` when it is silent.
    :param on_failure: called once if a plugged-in bot raises.
    """

    def make(sender: RtpSender) -> Voice:
        match name:
            case "echo":
                return EchoVoice(sender.forward)
            case "parrot":
                return ParrotVoice(greeting, TurnTaking(on_turn))
            case "speech":
                return PromptVoice(greeting)
            case "tone":
                return tone_voice()
            case "bot":
                assert make_bot is not None
                return PluggedInVoice(
                    call_id, make_bot, TurnTaking(on_turn), on_caption, on_failure
                )

    return make
