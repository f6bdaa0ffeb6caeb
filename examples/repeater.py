"""A bot of your own, as small as it gets: says after you what you say, as you say it.

VOICEDEMO_BOT=examples.repeater.Repeater make demo
"""

from bot.media.opus import Pcm
from bot.voices.audio_output import Mouth


class Repeater:
    sample_rate = 48000
    takes_turns = False

    def begin(self, mouth: Mouth) -> None:
        self._mouth = mouth

    def hear(self, pcm: Pcm) -> None:
        self._mouth.say(pcm)

    def interrupted(self) -> None:
        pass

    def end(self) -> None:
        pass
