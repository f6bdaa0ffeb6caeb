"""The voices a page may ask for."""

from collections.abc import Callable

from signaling.protocol import Voice as VoiceName

from .audio.echo import EchoVoice
from .audio.parrot import ParrotVoice
from .audio.prompt import PromptVoice
from .audio.rtp import RtpSender
from .audio.tone import tone_voice
from .audio.voice import Voice


def voice_maker(name: VoiceName, greeting: tuple[bytes, ...]) -> Callable[[RtpSender], Voice]:
    """Builds the named voice once there is a sender for it to speak through."""

    def make(sender: RtpSender) -> Voice:
        match name:
            case "echo":
                return EchoVoice(sender.forward)
            case "parrot":
                return ParrotVoice(greeting)
            case "speech":
                return PromptVoice(greeting)
            case "tone":
                return tone_voice()

    return make
