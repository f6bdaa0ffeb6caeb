"""The smallest bot: it says what you say, as you say it (docs/bot.md).

VOICEDEMO_BOT=examples.repeater.Repeater make demo
"""

from bot.voices import AudioOutput, Pcm


class Repeater:
    sample_rate = 48000
    takes_turns = False

    def begin(self, output: AudioOutput) -> None:
        self._output = output

    def hear(self, pcm: Pcm) -> None:
        self._output.say(pcm)

    def interrupted(self) -> None:
        pass

    def end(self) -> None:
        pass
