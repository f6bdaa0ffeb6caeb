"""The voices a page may ask for."""

from collections.abc import Callable
from typing import Final

from wire.constants import Voice as VoiceName

from ..media.rtp import RtpSender
from ..media.voice import Voice
from .echo import EchoVoice
from .parrot import ParrotVoice
from .plugged_in import Bot, PcmVoice
from .prompt import PromptVoice
from .tone import tone_voice
from .turn_taking import Floor

GREETING_VOICES: Final = frozenset({"parrot", "speech"})


def voice_maker(
    name: VoiceName,
    greeting: tuple[bytes, ...],
    make_bot: Callable[[], Bot] | None,
    on_turn: Callable[[float], None],
    on_caption: Callable[[str], None],
) -> Callable[[RtpSender], Voice]:
    """Builds the named voice once there is a sender for it to speak through.

    :param on_turn: told how long the person waited for each answer, in seconds.
    :param on_caption: told what a bot of samples begins to say, where it says so in words;
        '' when it is silent.
    """

    def make(sender: RtpSender) -> Voice:
        match name:
            case "echo":
                return EchoVoice(sender.forward)
            case "parrot":
                return ParrotVoice(greeting, Floor(on_turn))
            case "speech":
                return PromptVoice(greeting)
            case "tone":
                return tone_voice()
            case "bot":
                assert make_bot is not None
                return PcmVoice(make_bot, Floor(on_turn), on_caption)

    return make
