"""A Pipecat pipeline as the bot, between ends that take the place of SmallWebRTC's.

pip install -r examples/pipecat.txt
VOICEDEMO_BOT=examples.pipecat_bot.PipecatBot make demo
"""

import asyncio
from collections import deque

import numpy as np
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from bot.voices import AudioOutput, Pcm

RATE = 16000
PATIENT = VADParams(stop_secs=0.6)
MOST_WAITING = 250
"""Frames, for a pipeline that is slow to start."""
LEAD_S = 0.1
"""What is handed over before its time. Pipecat keeps the rest, and forgets it when interrupted."""


class Microphone(BaseInputTransport):
    """What the person says."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_in_enabled=True, audio_in_sample_rate=RATE))
        self._heard: asyncio.Queue[Pcm] = asyncio.Queue(MOST_WAITING)
        self._listening: asyncio.Task[None] | None = None

    def hear(self, pcm: Pcm) -> None:
        if not self._heard.full():
            self._heard.put_nowait(pcm)

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._listening = self.create_task(self._listen())

    async def stop(self, frame: EndFrame) -> None:
        await self._hang_up()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        await self._hang_up()
        await super().cancel(frame)

    async def _listen(self) -> None:
        while True:
            pcm = await self._heard.get()
            await self.push_audio_frame(InputAudioRawFrame(pcm.tobytes(), RATE, 1))

    async def _hang_up(self) -> None:
        if self._listening is not None:
            await self.cancel_task(self._listening)
            self._listening = None


class Loudspeaker(BaseOutputTransport):
    """What the bot says."""

    def __init__(self, output: AudioOutput) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE))
        self._output = output

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        await asyncio.sleep(max(0.0, self._output.seconds_left - LEAD_S))
        self._output.say(np.frombuffer(frame.audio, np.int16))
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InterruptionFrame):
            self._output.clear()
        await super().process_frame(frame, direction)


class Parrot(FrameProcessor):
    """Says after the person what they said: put speech recognition, a model and speech here."""

    def __init__(self) -> None:
        super().__init__()
        # The beginning, which has passed before it is known to be speech.
        self._lately: deque[bytes] = deque(maxlen=15)
        self._said: list[bytes] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            kept = self._lately if self._said is None else self._said
            kept.append(frame.audio)
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._said = [*self._lately]
        elif isinstance(frame, VADUserStoppedSpeakingFrame) and self._said is not None:
            said, self._said = b"".join(self._said), None
            await self.push_frame(TTSAudioRawFrame(said, RATE, 1))
            await self.push_frame(TTSStoppedFrame())
        await self.push_frame(frame, direction)


def _complain(run: "asyncio.Task[None]") -> None:
    if not run.cancelled() and run.exception() is not None:
        logger.opt(exception=run.exception()).error("the pipeline stopped")


class PipecatBot:
    sample_rate = RATE
    takes_turns = True

    def begin(self, output: AudioOutput) -> None:
        self._output = output
        self._microphone = Microphone()
        self._worker: PipelineWorker | None = None
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(_complain)

    def hear(self, pcm: Pcm) -> None:
        self._microphone.hear(pcm)

    def interrupted(self) -> None:
        if self._worker is not None:
            self._telling = asyncio.create_task(self._worker.queue_frame(InterruptionFrame()))

    def end(self) -> None:
        self._running.cancel()

    async def _run(self) -> None:
        # Loading the detector's model takes longer than a packet may wait.
        ears = await asyncio.to_thread(SileroVADAnalyzer, sample_rate=RATE, params=PATIENT)
        self._worker = PipelineWorker(
            Pipeline(
                [
                    self._microphone,
                    VADProcessor(vad_analyzer=ears),
                    Parrot(),
                    Loudspeaker(self._output),
                ]
            ),
            params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
            idle_timeout_secs=None,
            enable_rtvi=False,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        await runner.run()
