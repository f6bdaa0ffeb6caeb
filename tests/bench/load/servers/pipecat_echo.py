"""An echo on Pipecat's SmallWebRTC transport: ``pipecat_echo.py PORT``."""

import asyncio
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner

logger.remove()
logger.add(sys.stderr, level="WARNING")

RATE = 16000
"""Pipecat's default, in Hz."""


class Echo(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            frame = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


async def run_bot(connection: SmallWebRTCConnection) -> None:
    transport = SmallWebRTCTransport(
        webrtc_connection=connection,
        params=TransportParams(audio_in_enabled=True, audio_out_enabled=True),
    )
    worker = PipelineWorker(
        Pipeline([transport.input(), Echo(), transport.output()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        idle_timeout_secs=None,
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_disconnected")
    async def _disconnected(*_: Any) -> None:
        await runner.cancel()

    await runner.run()


handler = SmallWebRTCRequestHandler(ice_servers=[])
bots: set[asyncio.Task[None]] = set()
app = FastAPI()


@app.post("/api/offer")
async def offer(request: SmallWebRTCRequest) -> Any:
    async def connected(connection: SmallWebRTCConnection) -> None:
        bot = asyncio.create_task(run_bot(connection))
        bots.add(bot)
        bot.add_done_callback(bots.discard)

    return await handler.handle_web_request(request, connected)


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
