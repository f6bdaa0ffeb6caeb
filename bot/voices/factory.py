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


def make_voice(
    call_id: uuid.UUID,
    name: VoiceName,
    sender: RtpSender,
    greeting: tuple[bytes, ...],
    snapshot: bytes,
    make_bot: Callable[[], Bot] | None,
    on_turn: Callable[[float], None],
    on_caption: Callable[[str], None],
    on_failure: Callable[[], None],
) -> Voice:
    """Make the named voice.

    :param call_id: for the log.
    :param sender: sends what it forwards.
    :param greeting: Opus packets of 20 ms each. Empty when the call has been greeted before.
    :param snapshot: of the voice that this one follows; empty if it is the call's first.
    :param make_bot: makes the bot of one call; None without ``VOICEDEMO_BOT``.
    :param on_turn: called with the time that the person waited for each answer, in seconds.
    :param on_caption: called with each caption as a plugged-in bot begins to say it, and with
        ``''`` when it is silent.
    :param on_failure: called once if a plugged-in bot raises.
    """

    match name:
        case "echo":
            return EchoVoice(sender.forward)
        case "parrot":
            return ParrotVoice(greeting, TurnTaking(on_turn), snapshot)
        case "speech":
            return PromptVoice(greeting)
        case "tone":
            return tone_voice()
        case "bot":
            assert make_bot is not None
            turns = TurnTaking(on_turn)
            return PluggedInVoice(call_id, make_bot, turns, on_caption, on_failure, snapshot)
