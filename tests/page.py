"""A page without a browser: a socket to the real application and a stock aiortc peer."""

import asyncio
import fractions
import json
from typing import Any

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from channels.testing import WebsocketCommunicator

from calls import tickets

RATE = 48000
FRAME = 960
TIMEOUT = 10

Samples = np.ndarray[tuple[int], np.dtype[np.int16]]


class Microphone(MediaStreamTrack):
    """A source of sound that gives a frame of 20 ms every 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames = 0
        self._began: float | None = None

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        await asyncio.sleep(max(0, self._began + self._frames * FRAME / RATE - loop.time()))
        wave = self.samples(self._frames).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self._frames * FRAME
        frame.time_base = fractions.Fraction(1, RATE)
        self._frames += 1
        return frame

    def samples(self, number: int) -> Samples:
        """Return the 960 samples of the ``number``-th frame."""
        raise NotImplementedError


class Tone(Microphone):
    """A microphone that hears one frequency."""

    def __init__(self, frequency: float) -> None:
        super().__init__()
        self._frequency = frequency

    def samples(self, number: int) -> Samples:
        at = np.arange(FRAME) + number * FRAME
        return (8000 * np.sin(2 * np.pi * self._frequency * at / RATE)).astype(np.int16)


class Person(Tone):
    """Somebody who says nothing until a test lets them speak."""

    speaks = False

    def samples(self, number: int) -> Samples:
        return super().samples(number) if self.speaks else np.zeros(FRAME, np.int16)


class Page:
    """A page that opens sockets, makes calls and listens to the bot."""

    def __init__(
        self,
        application: Any,
        frequency: float = 700,
        *,
        ticket: str = "",
        microphone: Microphone | None = None,
    ) -> None:
        self.application = application
        self.ticket = ticket or tickets.issue()
        self.path = "/ws/call/"
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heartbeat = self.peer.createDataChannel("heartbeat")
        self.heartbeats: asyncio.Queue[str] = asyncio.Queue()
        self.heartbeat.on("message", self.heartbeats.put_nowait)
        self.peer.addTrack(microphone or Tone(frequency))
        self.heard: asyncio.Queue[np.ndarray] = asyncio.Queue()
        self.peer.on("track", self._listen)
        self._listening: asyncio.Task[None] | None = None
        self.socket: WebsocketCommunicator

    async def open(self, **headers: str) -> dict[str, Any]:
        """Open a socket; returns the server's first message."""
        self.socket = WebsocketCommunicator(
            self.application,
            self.path,
            subprotocols=self._subprotocols(),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        )
        connected, _ = await self.socket.connect()
        assert connected
        return await self.hear()

    def _subprotocols(self) -> list[str]:
        """The ticket, unless a test puts it into the address."""
        name = f"ticket.{self.ticket.replace(':', '~')}"
        return [] if "ticket=" in self.path else ["voicedemo", name]

    async def say(self, **message: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """Return the server's next message."""
        return json.loads(await self.socket.receive_from(timeout=TIMEOUT))

    async def hear_until(self, kind: str) -> dict[str, Any]:
        while (message := await self.hear())["type"] != kind:
            pass
        return message

    async def closed(self) -> int:
        """Wait for the server to close the socket; returns the close code."""
        while (output := await self.socket.receive_output(TIMEOUT))["type"] != "websocket.close":
            pass
        return output.get("code", 1000)  # the default of ASGI

    async def offer(self) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    async def call(self, voice: str = "echo") -> dict[str, Any]:
        """Open a socket and bring a call up; returns the server's greeting."""
        ready = await self.open()
        await self.say(type="offer", sdp=await self.offer(), generation=1, voice=voice)
        await self.accept(await self.hear_until("answer"))
        return ready

    async def accept(self, answer: dict[str, Any]) -> None:
        """Take an answer and wait until the peer is connected."""
        connected = asyncio.Event()

        @self.peer.on("connectionstatechange")
        def changed() -> None:
            if self.peer.connectionState == "connected":
                connected.set()

        await self.peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        await asyncio.wait_for(connected.wait(), TIMEOUT)

    async def pitch(self, seconds: float = 0.5) -> int:
        """Return the strongest frequency, in Hz, of the next ``seconds`` that are not silent."""
        frames: list[np.ndarray] = []
        while len(frames) < seconds * RATE / FRAME:
            frame = await asyncio.wait_for(self.heard.get(), TIMEOUT)
            if np.abs(frame).max() > 1000:
                frames.append(frame)
        spectrum = np.abs(np.fft.rfft(np.concatenate(frames)))
        return round(np.argmax(spectrum) / (len(frames) * FRAME / RATE))

    async def close(self) -> None:
        await self.peer.close()
        if self._listening:
            await self._listening

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.ensure_future(self._keep(track))

    async def _keep(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.AudioFrame)
                self.heard.put_nowait(frame.to_ndarray().reshape(-1, 2)[:, 0].astype(np.int32))
        except MediaStreamError:
            return
