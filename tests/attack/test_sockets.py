"""Sockets that say too much, while calls are up."""

import asyncio
import base64
import json
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from .calls import Calls, new_offer
from .conftest import Target
from .door import PORT, Door, Socket, gone, refusals
from .stage import CALLERS, SERVER

pytestmark = [pytest.mark.media, pytest.mark.long]

STILL_HEARD = 0.8
"""What the worst call gets back during an attack, at least: no stall of a second in five."""


async def say_all(socket: Socket, messages: list[dict[str, object]]) -> None:
    with refusals():
        for message in messages:
            await socket.say(**message)
            await asyncio.sleep(0)


def costly(offer: str) -> str:
    """An offer of 30 KB that costs a naive parser time by the square of its length."""
    lines = "".join(f"a=rtpmap:{96 + n % 30} x{n}/8000\r\n" for n in range(500))
    lines += "a=rtcp-fb:* nack\r\n" * 700
    return offer.replace("a=mid:0\r\n", f"a=mid:0\r\n{lines}", 1)


async def test_offers_and_candidates_without_end_stall_no_call(
    target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    await calls.connect(5)
    target.begin()
    offer = new_offer()
    socket = await open_door(CALLERS[40]).socket()
    messages: list[dict[str, object]] = [
        {"type": "offer", "sdp": offer, "generation": 1, "voice": "echo"}
    ]
    for number in range(2, 102):
        sdp = offer.replace("a=ice-ufrag:", f"a=ice-ufrag:x{number}")
        messages.append({"type": "offer", "sdp": sdp, "generation": number})
    for number in range(3_000):
        line = f"candidate:1 1 udp 1 203.0.113.{202 + number % 50} {1024 + number} typ host"
        messages.append({"type": "candidate", "candidate": {"candidate": line}, "generation": 101})
    calls.clear()
    await say_all(socket, messages)
    await asyncio.sleep(2)
    during = calls.heard()
    print(f"\nduring the flood: {during}")
    assert during.least >= STILL_HEARD
    await calls.assert_all_are_up()
    target.assert_unharmed()


async def test_a_costly_offer_stalls_no_call(
    target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    await calls.connect(5)
    target.begin()
    offer = costly(new_offer())
    calls.clear()
    for number in range(5):
        socket = await open_door(CALLERS[40 + number]).socket()
        await say_all(socket, [{"type": "offer", "sdp": offer, "generation": 1, "voice": "echo"}])
    await asyncio.sleep(3)
    during = calls.heard()
    print(f"\nduring five costly offers: {during}")
    assert during.least >= STILL_HEARD
    await calls.assert_all_are_up()
    target.assert_unharmed()


async def test_a_flood_of_messages_costs_no_memory(
    target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    """Each is good and as long as it may be, and they come faster than anybody handles them."""
    await calls.connect(2)
    target.begin()
    filled = json.dumps({"type": "ping", "at": 1, "x": "x" * 60_000})
    for number in range(5):
        socket = await open_door(CALLERS[40 + number]).socket()
        with refusals():
            async with asyncio.timeout(20):
                for _ in range(500):
                    await socket.connection.send(filled)
    await calls.assert_all_are_up()
    target.assert_unharmed()


async def test_messages_that_never_end_cost_no_memory(
    target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    """Twenty sockets send four megabytes of a message each, and leave it there."""
    await calls.connect(2)
    target.begin()
    async with AsyncExitStack() as sockets:
        for address in CALLERS[20:40]:
            ticket = await open_door(address).ticket()
            await send_unfinished(sockets, address, ticket)
        await calls.assert_all_are_up()
        target.assert_unharmed()


async def send_unfinished(sockets: AsyncExitStack, address: str, ticket: str) -> None:
    reader, writer = await asyncio.open_connection(SERVER, PORT, local_addr=(address, 0))
    sockets.push_async_callback(gone, writer)
    writer.write(
        f"GET /ws/call/?ticket={ticket} HTTP/1.1\r\nHost: {SERVER}:{PORT}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    frame = (64_000).to_bytes(2)
    with refusals():
        for number in range(62):
            # Text, then continuations, none of which is the last (RFC 6455, 5.4).
            head = b"\x01" if number == 0 else b"\x00"
            writer.write(head + b"\xfe" + frame + bytes(4) + b"x" * 64_000)
            await asyncio.wait_for(writer.drain(), 5)


async def test_a_page_that_reads_nothing_costs_no_memory(
    target: Target, calls: Calls, open_door: Callable[..., Door]
) -> None:
    """It asks and asks, and leaves the answers in the server's buffers."""
    await calls.connect(2)
    target.begin()
    socket = await open_door(CALLERS[40]).socket()
    socket.connection.transport.pause_reading()
    with refusals():
        async with asyncio.timeout(20):
            for _ in range(100_000):
                await socket.say(type="ping", at=1)
    await calls.assert_all_are_up()
    target.assert_unharmed()
    socket.connection.transport.abort()
