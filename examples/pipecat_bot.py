"""A Pipecat pipeline as the bot. Its ends replace those of Pipecat's SmallWebRTC transport.

pip install -r examples/pipecat.txt
VOICEDEMO_BOT=examples.pipecat_bot.PipecatBot make demo
"""

import asyncio
from collections import deque

import numpy as np
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
VAD = VADParams(stop_secs=0.6)
MAX_QUEUED_FRAMES = 250
"""Five seconds: what is kept of the person's speech while the pipeline starts."""
LEAD_S = 0.1
"""Samples are handed over this long before they are due. The rest stays in Pipecat, which drops it
when the person interrupts."""
BEGINNING_FRAMES = 15
"""Kept from before speech is detected, as the detector needs some time."""


class Microphone(BaseInputTransport):
    """The pipeline's input: what the person says."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_in_enabled=True, audio_in_sample_rate=RATE))
        self._frames: asyncio.Queue[Pcm] = asyncio.Queue(MAX_QUEUED_FRAMES)
        self._listening: asyncio.Task[None] | None = None

    def hear(self, pcm: Pcm) -> None:
        if not self._frames.full():
            self._frames.put_nowait(pcm)

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._listening = self.create_task(self._listen())

    async def stop(self, frame: EndFrame) -> None:
        await self._stop_listening()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        await self._stop_listening()
        await super().cancel(frame)

    async def _listen(self) -> None:
        while True:
            pcm = await self._frames.get()
            await self.push_audio_frame(InputAudioRawFrame(pcm.tobytes(), RATE, 1))

    async def _stop_listening(self) -> None:
        if self._listening is not None:
            await self.cancel_task(self._listening)
            self._listening = None


class Loudspeaker(BaseOutputTransport):
    """The pipeline's output: what the bot says."""

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
    """Repeats what the person said. Put speech recognition, a model and synthesis here."""

    def __init__(self) -> None:
        super().__init__()
        self._recent: deque[bytes] = deque(maxlen=BEGINNING_FRAMES)
        self._phrase: list[bytes] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            kept = self._recent if self._phrase is None else self._phrase
            kept.append(frame.audio)
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._phrase = [*self._recent]
        elif isinstance(frame, VADUserStoppedSpeakingFrame) and self._phrase is not None:
            phrase, self._phrase = b"".join(self._phrase), None
            await self.push_frame(TTSAudioRawFrame(phrase, RATE, 1))
            await self.push_frame(TTSStoppedFrame())
        await self.push_frame(frame, direction)


class PipecatBot:
    """Runs a pipeline for one call."""

    sample_rate = RATE
    takes_turns = True

    def begin(self, output: AudioOutput) -> None:
        self._output = output
        self._microphone = Microphone()
        self._worker: PipelineWorker | None = None
        self._running = asyncio.create_task(self._run())

    def hear(self, pcm: Pcm) -> None:
        if self._running.done():
            self._running.result()  # raises what has stopped the pipeline, which fails the call
        self._microphone.hear(pcm)

    def interrupted(self) -> None:
        if self._worker is not None:
            self._interrupting = asyncio.create_task(self._worker.queue_frame(InterruptionFrame()))

    def end(self) -> None:
        self._running.cancel()

    async def _run(self) -> None:
        # Loading the detector's model would hold up the event loop.
        detector = await asyncio.to_thread(SileroVADAnalyzer, sample_rate=RATE, params=VAD)
        self._worker = PipelineWorker(
            Pipeline(
                [
                    self._microphone,
                    VADProcessor(vad_analyzer=detector),
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
