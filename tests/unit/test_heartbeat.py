import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from pyee.asyncio import AsyncIOEventEmitter

from bot.call.heartbeat import Heartbeat

pytestmark = pytest.mark.unit

LONG = 3600.0


class Channel(AsyncIOEventEmitter):
    """A stand-in for an open data channel. It keeps what is sent."""

    readyState = "open"  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.sent: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    def send(self, text: str) -> None:
        self.sent.put_nowait(json.loads(text))


def beat(
    channel: Channel,
    *,
    interval: float = LONG,
    liveness: float = LONG,
    on_dead: Callable[[], None] = lambda: None,
    on_rtt: Callable[[float], None] = lambda ms: None,
) -> Heartbeat:
    return Heartbeat(
        channel,  # type: ignore[arg-type]
        interval=interval,
        liveness=liveness,
        on_dead=on_dead,
        on_rtt=on_rtt,
    )


async def test_it_pings_at_once_and_then_at_each_interval() -> None:
    channel = Channel()
    heartbeat = beat(channel, interval=0.01)
    pings = [await channel.sent.get() for _ in range(3)]
    heartbeat.stop()
    assert [(ping["type"], ping["id"]) for ping in pings] == [
        ("pipecat.ping", 1),
        ("pipecat.ping", 2),
        ("pipecat.ping", 3),
    ]


async def test_it_answers_a_ping_with_its_id_and_time() -> None:
    channel = Channel()
    heartbeat = beat(channel)
    await channel.sent.get()
    channel.emit("message", '{"type":"pipecat.ping","id":7,"ts":123}')
    assert await channel.sent.get() == {"type": "pipecat.pong", "id": 7, "ts": 123}
    heartbeat.stop()


async def test_it_answers_the_text_ping_of_pipecats_clients() -> None:
    channel = Channel()
    heartbeat = beat(channel)
    await channel.sent.get()
    channel.emit("message", "ping: 1700000000000")
    assert (await channel.sent.get())["type"] == "pipecat.pong"
    heartbeat.stop()


async def test_a_pong_gives_the_round_trip() -> None:
    channel = Channel()
    round_trips: list[float] = []
    heartbeat = beat(channel, on_rtt=round_trips.append)
    ping = await channel.sent.get()
    for _ in range(3):
        channel.emit("message", json.dumps({"type": "pipecat.pong", "id": ping["id"], "ts": 1e308}))
    heartbeat.stop()
    assert len(round_trips) == 1 and 0 <= round_trips[0] < 60_000


async def test_a_silent_page_is_dead() -> None:
    dead = asyncio.Event()
    heartbeat = beat(Channel(), liveness=0.02, on_dead=dead.set)
    await asyncio.wait_for(dead.wait(), 5)
    heartbeat.stop()


@pytest.mark.parametrize("alive", ["ping: 1", '{"type":"pipecat.ping","id":1,"ts":1}'])
async def test_a_page_that_pings_is_alive(alive: str) -> None:
    channel, died = Channel(), 0

    def dead() -> None:
        nonlocal died
        died += 1

    heartbeat = beat(channel, liveness=0.5, on_dead=dead)
    for _ in range(20):
        await asyncio.sleep(0.05)
        channel.emit("message", alive)
    heartbeat.stop()
    assert died == 0


@pytest.mark.parametrize(
    "noise", ["", "hello", "[]", "null", "[" * 1000, '{"type":"pong"}', b"\x00", "x" * 5000]
)
async def test_other_messages_are_neither_answered_nor_signs_of_life(noise: str | bytes) -> None:
    channel = Channel()
    dead = asyncio.Event()
    heartbeat = beat(channel, liveness=0.05, on_dead=dead.set)
    await channel.sent.get()
    channel.emit("message", noise)
    await asyncio.wait_for(dead.wait(), 5)
    heartbeat.stop()
    assert channel.sent.empty()


async def test_a_flood_of_pings_gets_a_few_pongs_and_is_a_sign_of_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel, timers = Channel(), []
    loop = asyncio.get_running_loop()
    dead = asyncio.Event()
    heartbeat = beat(channel, liveness=0.2, on_dead=dead.set)
    await channel.sent.get()
    call_later = loop.call_later

    def counted(*args: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(args)
        return call_later(*args, **options)

    monkeypatch.setattr(loop, "call_later", counted)
    for n in range(10_000):
        channel.emit("message", json.dumps({"type": "pipecat.ping", "id": n, "ts": n}))
    monkeypatch.undo()
    assert 1 <= channel.sent.qsize() <= 20
    assert len(timers) < 100
    assert not dead.is_set()
    await asyncio.wait_for(dead.wait(), 5)
    heartbeat.stop()


@pytest.mark.parametrize("value", ['{"a":[1]}', '"x"', "1e999", "NaN", "[]", "null", "0"])
async def test_a_ping_with_a_strange_id_is_answered_with_it(value: str) -> None:
    channel = Channel()
    heartbeat = beat(channel)
    await channel.sent.get()
    channel.emit("message", f'{{"type":"pipecat.ping","id":{value},"ts":{value}}}')
    assert (await channel.sent.get())["type"] == "pipecat.pong"
    heartbeat.stop()
