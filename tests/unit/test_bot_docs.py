"""Runs the examples in docs/bot.md and checks what the page says about them."""

import asyncio
import re
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.media import opus
from bot.media.opus import Pcm
from bot.media.packet import FRAME_SAMPLES, AudioPacket
from bot.voices.plugged_in import PluggedInVoice
from bot.voices.turn_taking import TurnTaking

pytestmark = pytest.mark.unit

BLOCKS = re.findall(
    r"^```python\n(.+?)^```",
    (Path(__file__).parents[2] / "docs/bot.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


def run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(block, "docs/bot.md", "exec"), names)  # noqa: S102
    return names


def tone(frequency: float, seconds: float) -> Pcm:
    at = np.arange(int(seconds * opus.SAMPLE_RATE)) / opus.SAMPLE_RATE
    return (8000 * np.sin(2 * np.pi * frequency * at)).astype(np.int16)


def pitch(pcm: Pcm) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm))) * opus.SAMPLE_RATE / len(pcm))


async def test_the_complete_example_says_everything_backwards() -> None:
    (example,) = (block for block in BLOCKS if "class Backwards" in block)
    captions: list[str] = []
    waits: list[float] = []
    make_bot = run(example)["Backwards"]
    voice = PluggedInVoice(
        uuid.uuid4(), make_bot, TurnTaking(waits.append), captions.append, pytest.fail
    )
    silence = np.zeros(opus.SAMPLE_RATE, np.int16)
    heard = np.concatenate([silence, tone(400, 0.5), tone(800, 0.5), silence])
    said: list[bytes] = []
    for number, payload in enumerate(opus.encode(heard)):
        voice.hear(AudioPacket(payload, number, number * FRAME_SAMPLES, None))
        assert voice.next_frame() is None
    async with asyncio.timeout(5):
        while (frame := voice.next_frame()) is None:
            await asyncio.sleep(0.01)
    while frame is not None:
        said.append(frame)
        frame = voice.next_frame()
    pcm = opus.decode(said)
    half = opus.SAMPLE_RATE // 2
    assert len(pcm) == pytest.approx(2 * half, rel=0.1)
    assert pitch(pcm[half // 4 : half * 3 // 4]) == pytest.approx(800, abs=10)
    assert pitch(pcm[half * 5 // 4 : half * 7 // 4]) == pytest.approx(400, abs=10)
    assert captions == ["Backwards, that is:", ""]
    assert len(waits) == 1
    voice.end()


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.startswith("def ")])
def test_every_other_example_runs(block: str) -> None:
    run(block)
