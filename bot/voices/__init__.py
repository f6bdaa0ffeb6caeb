"""What the bot says and hears. The names here are what a bot of your own needs (docs/bot.md)."""

from ..media.opus import Pcm
from .audio_output import AudioOutput, OutputFullError
from .plugged_in import Bot

__all__ = ["AudioOutput", "Bot", "OutputFullError", "Pcm"]
