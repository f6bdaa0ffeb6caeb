"""What strangers do to the TCP port for media. No connection here is of a call."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from bot.ice import media_port, tcp
from bot.ice.media_port import MediaPort

pytestmark = pytest.mark.media

HERE = "127.0.0.1"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]


@pytest_asyncio.fixture
async def port() -> AsyncIterator[MediaPort]:
    port = MediaPort([HERE])
    await port.open()
    yield port
    port.close()


@pytest_asyncio.fixture
async def connect(port: MediaPort) -> AsyncIterator[Connect]:
    connections: list[Connection] = []

    async def connect() -> Connection:
        connections.append(await asyncio.open_connection(HERE, port.number))
        return connections[-1]

    yield connect
    for _, writer in connections:
        writer.transport.abort()


async def is_closed(connection: Connection) -> bool:
    try:
        async with asyncio.timeout(5):
            return await connection[0].read(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "sent",
    [b"\x00\x00", b"\x00\x04GET ", b"\x00\x02\x80\x6f", b"\xff\xff" + bytes(5000)],
    ids=["an empty frame", "no STUN", "RTP", "a frame without end"],
)
async def test_what_does_not_begin_with_a_check_is_closed(connect: Connect, sent: bytes) -> None:
    connection = await connect()
    connection[1].write(sent)
    assert await is_closed(connection)


async def test_a_port_of_any_number_is_open_for_tcp_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may pick a number for UDP that somebody's TCP connection has."""
    with socket.create_server((HERE, 0)) as somebody:
        taken = [somebody.getsockname()[1]]
        bound = media_port.bound

        def pick(address: str, number: int, kind: socket.SocketKind) -> socket.socket:
            return bound(address, number or (taken.pop() if taken else 0), kind)

        monkeypatch.setattr(media_port, "bound", pick)
        port = MediaPort([HERE])
        await port.open()
        assert not taken
        _, writer = await asyncio.open_connection(HERE, port.number)
        writer.close()
        assert port.tcp_candidates
        port.close()


async def test_one_address_keeps_nobody_out(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest connection that has proved nothing makes room for the newest."""
    monkeypatch.setattr(tcp, "MAX_UNPROVED_OF_NETWORK", 3)
    connections = [await connect() for _ in range(5)]
    assert await is_closed(connections[0])
    assert await is_closed(connections[1])
    assert not connections[4][0].at_eof()


async def test_a_packet_that_makes_a_call_fail_closes_no_other(
    port: MediaPort,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*packet: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(port, "receive", fail)
    monkeypatch.setattr(port, "is_routed", lambda base, remote: True)
    connection = await connect()
    connection[1].write(b"\x00\x02hi" * 3)
    async with asyncio.timeout(5):
        while len(caplog.records) < 3:
            await asyncio.sleep(0.01)
    connection[1].write(b"\x00\x02hi")
    async with asyncio.timeout(5):
        while len(caplog.records) < 4:
            await asyncio.sleep(0.01)
