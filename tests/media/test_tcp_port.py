"""What strangers and visitors do to the TCP port for media."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
import pytest_asyncio
import uvloop

from bot.ice import media_port, stun, tcp
from bot.ice.agent import IceAgent
from bot.ice.media_port import MediaPort
from bot.ice.switch import Switch
from tests.hostile import check_of_peer

from .test_agent import Quiet, offered

pytestmark = pytest.mark.media

HERE, FAIR, ELSEWHERE = "127.0.0.1", "127.0.0.2", "127.0.0.3"
"""The port's address, and two networks of callers."""
PASSWORD = "p" * 24
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[..., Awaitable[Connection]]
NewCall = Callable[[], IceAgent]


@pytest_asyncio.fixture
async def port() -> AsyncIterator[MediaPort]:
    port = MediaPort([HERE])
    await port.open()
    yield port
    port.close()


@pytest_asyncio.fixture
async def connect(port: MediaPort) -> AsyncIterator[Connect]:
    connections: list[Connection] = []

    async def connect(address: str = HERE) -> Connection:
        opened = await asyncio.open_connection(HERE, port.number, local_addr=(address, 0))
        connections.append(opened)
        return opened

    yield connect
    for _, writer in connections:
        writer.transport.abort()


@pytest_asyncio.fixture
async def new_call(port: MediaPort) -> AsyncIterator[NewCall]:
    """Makes the bot's end of calls."""
    calls: list[IceAgent] = []

    def new_call() -> IceAgent:
        calls.append(offered(IceAgent(Switch(Quiet()), port)))
        calls[-1].start("peer", PASSWORD)
        return calls[-1]

    yield new_call
    for call in calls:
        await call.close()


async def is_closed(connection: Connection) -> bool:
    """Read what still comes, and then the end."""
    try:
        async with asyncio.timeout(5):
            return await connection[0].read() is not None
    except ConnectionResetError:
        return True


def send(connection: Connection, data: bytes) -> None:
    connection[1].write(len(data).to_bytes(2) + data)


async def next_message(connection: Connection, kind: stun.Class) -> stun.Message:
    """Read until there is a request, or a response.

    :raises OSError, EOFError: if the connection is closed.
    """
    async with asyncio.timeout(5):
        while True:
            length = int.from_bytes(await connection[0].readexactly(2))
            message = stun.parse(await connection[0].readexactly(length))
            if message.message_class is kind:
                return message


async def pass_check(connection: Connection, call: IceAgent) -> Connection:
    """Send a check of the call, and see that it is answered."""
    send(connection, check_of_peer(call))
    await next_message(connection, stun.Class.RESPONSE)
    return connection


async def answer_check(connection: Connection, call: IceAgent) -> None:
    """Answer a check of the bot's, as the page of the call can and an eavesdropper cannot."""
    check = await next_message(connection, stun.Class.REQUEST)
    local = connection[1].get_extra_info("sockname")[:2]
    send(connection, bytes(stun.binding_response(check, local, PASSWORD.encode())))
    await pass_check(connection, call)


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


def test_a_connection_that_is_reset_before_it_is_accepted_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server's event loop, uvloop, then knows no address of the peer."""

    async def resets() -> None:
        port = MediaPort([HERE])
        await port.open()
        for _ in range(20):
            with socket.create_connection((HERE, port.number)) as stranger:
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # This one is accepted after them.
        connection = await asyncio.open_connection(HERE, port.number)
        connection[1].write(b"\x00\x00")
        assert await is_closed(connection)
        connection[1].close()
        with suppress(OSError):
            await connection[1].wait_closed()
        port.close()

    uvloop.run(resets())
    assert not caplog.records


async def test_one_address_keeps_nobody_out(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest connection that has proved nothing makes room for the newest."""
    monkeypatch.setattr(tcp, "MAX_UNPROVED_OF_NETWORK", 3)
    connections = [await connect() for _ in range(5)]
    assert await is_closed(connections[0])
    assert await is_closed(connections[1])
    assert not connections[4][0].at_eof()


async def test_a_network_that_has_its_share_makes_room_for_its_own_newcomers(
    connect: Connect, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MAX_PROVED_OF_NETWORK", 3)
    elsewhere = await pass_check(await connect(ELSEWHERE), call := new_call())
    calls = [new_call() for _ in range(5)]
    at_fair = [await pass_check(await connect(FAIR), one) for one in calls]
    assert await is_closed(at_fair[0])
    assert await is_closed(at_fair[1])
    for one, own in zip([elsewhere, *at_fair[2:]], [call, *calls[2:]], strict=True):
        await pass_check(one, own)


async def test_a_newcomer_finds_room_in_a_port_that_is_full_of_calls(
    connect: Connect, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network that has the most connections makes room, with its oldest."""
    monkeypatch.setattr(tcp, "MAX_PROVED", 3)
    call = new_call()
    first = await pass_check(await connect(ELSEWHERE), call)
    crowd = [await pass_check(await connect(FAIR), call) for _ in range(2)]
    newcomer = await pass_check(await connect(HERE), call)
    assert await is_closed(crowd[0])
    for one in (first, crowd[1], newcomer):
        await pass_check(one, call)


async def test_connections_that_prove_nothing_take_no_room_from_calls_or_newcomers(
    connect: Connect, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MAX_UNPROVED", 3)
    of_call = await pass_check(await connect(ELSEWHERE), call := new_call())
    strangers = [await connect(FAIR) for _ in range(3)]
    newcomer = await pass_check(await connect(ELSEWHERE), call)
    assert await is_closed(strangers[0])
    for one in (of_call, newcomer):
        await pass_check(one, call)


async def test_a_call_has_so_many_connections_and_an_ice_restart_as_many_again(
    connect: Connect, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_port, "MAX_CONNECTIONS_OF_OWNER", 3)
    before, after = new_call(), new_call()
    old = [await pass_check(await connect(), before) for _ in range(4)]
    new = [await pass_check(await connect(), after) for _ in range(3)]
    assert await is_closed(old[0])
    for one in old[1:]:
        await pass_check(one, before)
    for one in new:
        await pass_check(one, after)


async def test_replayed_checks_close_no_connection_of_the_call(
    connect: Connect, new_call: NewCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An eavesdropper can send a check of the page again, but cannot answer one of the bot's."""
    monkeypatch.setattr(media_port, "MAX_CONNECTIONS_OF_OWNER", 3)
    call = new_call()
    of_page = await pass_check(await connect(), call)
    await answer_check(of_page, call)
    replays = [await pass_check(await connect(ELSEWHERE), call) for _ in range(4)]
    for replay in replays[:2]:
        assert await is_closed(replay)
    await pass_check(of_page, call)


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
