"""A Pipecat pipeline as the bot: it hears, it answers, and it can be interrupted.

The server runs in an environment of its own, in which the example's requirements are installed.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from tests.e2e import sounds
from tests.e2e.server import ROOT, Server
from tests.environments import python_of
from tests.page import FRAME, RATE, TIMEOUT, Microphone, Page, Samples

pytestmark = [pytest.mark.media, pytest.mark.long, pytest.mark.xdist_group("pipecat")]

TEXT = "The quick brown fox jumps over the lazy dog."
AUDIBLE = 300
"""Of 32767."""
TRANSPORT_FRAMES = 8
"""The delay both ways: aiortc's jitter buffer alone holds four packets back."""


def frames(seconds: float) -> int:
    return round(seconds * RATE / FRAME)


class Mouth(Microphone):
    """A microphone that hears what :meth:`say` was given, and silence otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[Samples] = deque()

    def say(self, sound: sounds.Sound) -> None:
        whole = sound[: len(sound) // FRAME * FRAME].astype(np.int16)
        self._queue.extend(whole.reshape(-1, FRAME))

    def samples(self, number: int) -> Samples:
        return self._queue.popleft() if self._queue else np.zeros(FRAME, np.int16)


class RemotePage(Page):
    """A page of a server in another process."""

    def __init__(self, server: Server) -> None:
        self.mouth = Mouth()
        super().__init__(None, ticket=server.ticket(), microphone=self.mouth)
        self._origin = server.url.rstrip("/")
        self._connection: ClientConnection

    async def open(self, **headers: str) -> dict[str, Any]:
        address = self._origin.replace("http", "ws", 1)
        url = f"{address}/ws/call/?ticket={self.ticket}"
        self._connection = await connect(
            url, origin=Origin(self._origin), max_queue=None, proxy=None
        )
        return await self.hear()

    async def say(self, **message: Any) -> None:
        await self._connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(
            await asyncio.wait_for(self._connection.recv(), TIMEOUT)
        )
        return message

    async def turns(self) -> int:
        """Count the turns that the server has reported since the last call of this method."""
        count = 0
        while True:
            try:
                message = await asyncio.wait_for(self._connection.recv(), 0.1)
            except TimeoutError:
                return count
            count += json.loads(message)["type"] == "turn"

    async def listen(self, seconds: float) -> list[np.ndarray[Any, Any]]:
        """Return what the bot says from now on, frame by frame."""
        while not self.heard.empty():
            self.heard.get_nowait()
        return [await asyncio.wait_for(self.heard.get(), TIMEOUT) for _ in range(frames(seconds))]

    async def until_it_speaks(self) -> None:
        async with asyncio.timeout(10):
            while not any(map(is_audible, await self.listen(0.1))):
                pass

    async def close(self) -> None:
        await self._connection.close()
        await super().close()


def is_audible(frame: np.ndarray[Any, Any]) -> bool:
    return bool(np.abs(frame).max() > AUDIBLE)


def shout(seconds: float) -> sounds.Sound:
    """A tone at -15 dBov: as loud from its first packet on as an interruption is."""
    at = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(8240 * np.sin(2 * np.pi * 220 * at), np.float64)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    python = python_of("pipecat", ROOT / "requirements.txt", ROOT / "examples" / "pipecat.txt")
    server = Server.start(
        tmp_path_factory.mktemp("pipecat"),
        python=python,
        VOICEDEMO_BOT="examples.pipecat_bot.PipecatBot",
    )
    yield server
    server.stop()


@pytest_asyncio.fixture
async def page(server: Server) -> AsyncIterator[RemotePage]:
    page = RemotePage(server)
    await page.call("bot")
    yield page
    await page.close()
    left = await asyncio.to_thread(server.wait_for_metric, "voicedemo_calls_live", 0, 10)
    assert left


@pytest.fixture(scope="module")
def phrase() -> sounds.Sound:
    return sounds.spoken(TEXT)


async def test_it_says_what_was_said(page: RemotePage, phrase: sounds.Sound) -> None:
    await page.listen(4)  # its model is loaded meanwhile
    page.mouth.say(phrase)
    answer = await page.listen(len(phrase) / RATE + 6)
    assert sounds.likeness(phrase, np.concatenate(answer).astype(np.float64)) > 0.8
    assert await page.turns() == 1


async def test_interrupted_it_falls_silent(page: RemotePage, phrase: sounds.Sound) -> None:
    await page.listen(4)
    page.mouth.say(phrase)
    await page.until_it_speaks()
    await page.listen(0.6)  # the room is known
    page.mouth.say(shout(0.8))
    heard = await page.listen(1.2)
    assert any(map(is_audible, heard[: frames(0.2)]))
    assert not any(map(is_audible, heard[frames(0.2) + 2 + TRANSPORT_FRAMES :]))
