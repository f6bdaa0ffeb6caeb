"""A bot that only listens, and logs how loud the call was. Start here for speech recognition.

VOICEDEMO_BOT=examples.listener.Listener make demo
"""

import logging

from bot.media.level import SILENT_DBOV, dbov
from bot.voices import AudioOutput, Pcm

log = logging.getLogger("voicedemo.listener")


class Listener:
    sample_rate = 16000
    takes_turns = False

    def begin(self, output: AudioOutput) -> None:
        self._loudest = SILENT_DBOV

    def hear(self, pcm: Pcm) -> None:
        self._loudest = max(self._loudest, dbov(pcm))

    def interrupted(self) -> None:
        pass

    def end(self) -> None:
        log.info("the loudest frame had %d dBov", self._loudest)
