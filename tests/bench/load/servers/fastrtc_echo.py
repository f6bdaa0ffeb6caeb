"""An echo on FastRTC, frame by frame, with its fastest handler: ``fastrtc_echo.py PORT``."""

import asyncio
import os
import sys
from typing import Any

os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1", DO_NOT_TRACK="1")

import uvicorn
from fastapi import FastAPI
from fastrtc import AsyncStreamHandler, Stream, wait_for_item


class Echo(AsyncStreamHandler):
    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[Any] = asyncio.Queue()

    async def receive(self, frame: Any) -> None:
        self._frames.put_nowait(frame)

    async def emit(self) -> Any:
        return await wait_for_item(self._frames)

    def copy(self) -> "Echo":
        return Echo()


stream = Stream(
    Echo(),
    modality="audio",
    mode="send-receive",
    concurrency_limit=1000,
    rtc_configuration={"iceServers": []},
    server_rtc_configuration={"iceServers": []},
)
app = FastAPI()
stream.mount(app)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
