"""The settings of a server whose echo says nothing."""

from bot.media.packet import AudioPacket
from bot.voices.echo import EchoVoice
from voicedemo.settings import *  # noqa: F403


def _hear_and_say_nothing(self: EchoVoice, packet: AudioPacket) -> None:
    pass


EchoVoice.hear = _hear_and_say_nothing  # type: ignore[method-assign]
