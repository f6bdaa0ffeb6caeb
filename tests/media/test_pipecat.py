"""A Pipecat pipeline as the bot: it hears, it answers, and it can be interrupted."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from bot.media import opus
from bot.media.packet import FRAME_SAMPLES, AudioPacket, frames
from bot.voices.plugged_in import PluggedInVoice
from bot.voices.turn_taking import TurnTaking
from examples.pipecat_bot import PipecatBot
from tests.e2e import sounds

pytestmark = pytest.mark.media

TEXT = "The quick brown fox jumps over the lazy dog."


class Call:
    """Both directions of one, every 20 ms."""

    def __init__(self) -> None:
        self.turns: list[float] = []
        self.voice = PluggedInVoice(
            PipecatBot, TurnTaking(self.turns.append), lambda _: None, pytest.fail
        )
        self._number = 0

    async def talk(self, said: tuple[bytes, ...], level: int) -> list[bytes | None]:
        """What the bot says meanwhile, frame by frame.

        :param level: of what is said, in dBov (RFC 6464).
        """
        loop = asyncio.get_running_loop()
        began, heard = loop.time(), []
        for count, payload in enumerate(said):
            self._number += 1
            packet = AudioPacket(payload, self._number, self._number * FRAME_SAMPLES, level)
            self.voice.hear(packet)
            heard.append(self.voice.next_frame())
            await asyncio.sleep(began + 0.02 * (count + 1) - loop.time())
        return heard

    async def be_quiet(self, seconds: float) -> list[bytes | None]:
        return await self.talk((opus.silence(),) * frames(seconds), -127)

    async def until_it_speaks(self) -> None:
        async with asyncio.timeout(10):
            while not any(await self.be_quiet(0.1)):
                pass


@pytest_asyncio.fixture
async def call() -> AsyncIterator[Call]:
    call = Call()
    yield call
    call.voice.end()
    _, left = await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=5)
    assert not left


@pytest.fixture(scope="module")
def phrase() -> tuple[bytes, ...]:
    return opus.encode(sounds.spoken(TEXT).astype(np.int16))


async def test_it_says_what_was_said(call: Call, phrase: tuple[bytes, ...]) -> None:
    await call.be_quiet(2)  # its model is loaded meanwhile
    answer = await call.talk(phrase, -20) + await call.be_quiet(6)
    heard = [frame or opus.silence() for frame in answer]
    said = opus.decode(phrase).astype(np.float64)
    assert sounds.likeness(said, opus.decode(heard).astype(np.float64)) > 0.8
    assert len(call.turns) == 1


async def test_interrupted_it_falls_silent(call: Call, phrase: tuple[bytes, ...]) -> None:
    await call.be_quiet(2)
    await call.talk(phrase, -20)
    await call.until_it_speaks()
    await call.be_quiet(0.6)  # the room is known
    heard = await call.talk(phrase[: frames(0.8)], -15)
    assert heard[0] is not None
    assert not any(heard[frames(0.2) + 2 :])
