"""What the log says about a call names it, in JSON."""

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from bot.media.ticker import Ticker
from calls.log_context import current_call
from tests.page import Page
from tests.ports import free_port
from tests.ws.conftest import call_in_state
from voicedemo.json_log import JsonFormatter

pytestmark = pytest.mark.media


class Lines(logging.Handler):
    """The lines of the log, as objects."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._all: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self._all.put_nowait(json.loads(self.format(record)))

    async def next(self, beginning: str) -> dict[str, Any]:
        """Return the next line whose message begins so."""
        async with asyncio.timeout(10):
            while not (line := await self._all.get())["message"].startswith(beginning):
                pass
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("voicedemo")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


async def test_a_relay_that_fails_the_bot_is_logged_with_the_call(
    page: Page, lines: Lines, settings: Any
) -> None:
    settings.VOICEDEMO_TURN_URLS = [f"turn:127.0.0.1:{free_port()}?transport=tcp"]
    settings.VOICEDEMO_TURN_USERNAME = settings.VOICEDEMO_TURN_CREDENTIAL = "somebody"
    ready = await page.call()
    failed = await lines.next(f"call {ready['callId']}: turn:127.0.0.1")
    assert failed["call"] == ready["callId"]
    await page.say(type="bye", reason="hangup")
    assert (await lines.next("call"))["call"] == ready["callId"]
    await call_in_state("ended")


async def test_the_clock_of_all_calls_names_none() -> None:
    ticker = Ticker()
    named = asyncio.get_running_loop().create_future()

    def tick() -> None:
        ticker.unsubscribe(tick)
        named.set_result(current_call.get())

    async def subscribe() -> None:
        current_call.set(uuid.uuid4())
        ticker.subscribe(tick)

    await asyncio.create_task(subscribe())
    assert await asyncio.wait_for(named, 5) is None
