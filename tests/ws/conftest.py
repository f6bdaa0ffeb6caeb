import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from channels.layers import channel_layers, get_channel_layer

from bot.config import BotConfig
from bot.worker import Worker
from calls.models import Call
from fleet import chosen
from fleet.lease import new_channel
from signaling import sockets, waiting_room
from tests.page import Page
from voicedemo.asgi import application


@pytest.fixture
def bot_config(tmp_path_factory: pytest.TempPathFactory) -> BotConfig:
    # All tests share one folder, so that the greeting is synthesised only once.
    folder = tmp_path_factory.getbasetemp() / "speech"
    return BotConfig(
        heartbeat_s=20,
        liveness_s=40,
        max_call_s=600,
        max_calls=50,
        greeting="Hello.",
        speech_folder=Path(folder),
    )


@pytest_asyncio.fixture
async def bot(transactional_db: None, bot_config: BotConfig) -> AsyncIterator[Worker]:
    """The bot's worker, in this event loop and on a channel layer of its own."""
    channel_layers.backends.clear()
    chosen.fleet.cache_clear()
    worker = Worker(get_channel_layer(), new_channel("embedded"), bot_config, chosen.fleet())
    await worker.start()
    yield worker
    await worker.stop()


@pytest_asyncio.fixture
async def other(bot: Worker, bot_config: BotConfig) -> AsyncIterator[Worker]:
    """A second worker. The first one, which has fewer calls, gets the first call."""
    worker = Worker(get_channel_layer(), "bot.other.0", bot_config, chosen.fleet())
    await worker.start()
    yield worker
    await worker.stop()


@pytest_asyncio.fixture
async def make_page(
    bot: Worker, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Page]]:
    monkeypatch.setattr(sockets, "open_sockets", sockets.OpenSockets())
    monkeypatch.setattr(waiting_room, "waiting_room", waiting_room.WaitingRoom())
    pages: list[Page] = []

    def make(**options: Any) -> Page:
        pages.append(Page(application, **options))
        return pages[-1]

    yield make
    for page in pages:
        await page.close()


@pytest.fixture
def page(make_page: Callable[..., Page]) -> Page:
    return make_page()


async def call_in_state(*states: str) -> Call:
    """Wait until a call is in one of ``states``. The bot writes that down in its own time."""
    async with asyncio.timeout(10):
        while (call := await Call.objects.filter(state__in=states).afirst()) is None:
            await asyncio.sleep(0.02)
    return call


class Dead:
    """A worker that has died, as far as anybody can tell."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    async def __call__(self) -> None:
        for task in (self.worker._inbox_task, self.worker._membership._task):
            assert task
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await chosen.fleet().withdraw(self.worker.inbox)


async def having(call: Call, bot: Worker, other: Worker) -> tuple[Worker, Worker]:
    """The worker that has the call, and the other one."""
    return (bot, other) if call.bot_channel == bot.inbox else (other, bot)
