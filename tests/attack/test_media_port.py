"""A stranger at the media port, while calls are up."""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress

import pytest
from aioice import stun
from aioice.ice import StunProtocol
from OpenSSL import SSL

from bot.ice.stun import is_stun
from tests.hostile import check_for

from .calls import Calls, new_offer, seconds_to_connect
from .conftest import Target
from .door import Door, refusals
from .stage import CALLERS, STRANGER, Stage

pytestmark = [pytest.mark.media, pytest.mark.long]

FLOOD_S = 5.0
CALLS = 50
RATES = {"half": 25_000, "full": 50_000, "all": 0}
"""Packets a second; 0: as many as the stranger can send."""


async def flood(stage: Stage, calls: Calls, per_second: int = 0) -> int:
    """Flood the media port from the stranger's host; returns packets a second."""
    host, port = calls.media
    named = [f"--ufrag={ufrag}" for ufrag in calls.ufrags]
    named += [f"--ssrc={line._ssrc}" for line in calls.lines]
    flooding = await asyncio.create_subprocess_exec(
        *stage.stranger.prefix, sys.executable, "-m", "tests.attack.flood", host, str(port),
        f"--seconds={FLOOD_S}", f"--per-second={per_second}", *named,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await flooding.communicate()
    assert flooding.returncode == 0
    return int(said)


def datagrams(stage: Stage) -> tuple[int, int]:
    """How many the server has read, and how many its kernel dropped as a buffer was full."""
    names, values = re.findall(r"^Udp: (.+)$", stage.server.run("cat", "/proc/net/snmp"), re.M)
    counts = dict(zip(names.split(), map(int, values.split()), strict=True))
    return counts["InDatagrams"], counts["RcvbufErrors"]


@pytest.mark.parametrize("per_second", RATES.values(), ids=RATES)
async def test_spray_and_replay_lose_no_call(
    stage: Stage, target: Target, calls: Calls, per_second: int
) -> None:
    await calls.connect(CALLS)
    target.begin()
    before = await calls.assert_all_are_up()
    calls.clear()
    counted = datagrams(stage)
    sent = await flood(stage, calls, per_second)
    during = calls.heard()
    read, dropped = (
        round((b - a) / FLOOD_S) for a, b in zip(counted, datagrams(stage), strict=True)
    )
    after = await calls.assert_all_are_up()
    print(f"\n{sent} packets/s, {read} read and {dropped} dropped by the kernel")
    print(f"before: {before}; during: {during}; after: {after}")
    target.assert_unharmed()


class Ear:
    """A socket of the stranger's that keeps what comes to it."""

    def __init__(self, stage: Stage, port: int = 0) -> None:
        self.socket = stage.stranger.udp(STRANGER, port)
        self.socket.setblocking(False)
        self.packets: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.socket, self._hear)

    @property
    def bytes(self) -> int:
        return sum(map(len, self.packets))

    def _hear(self) -> None:
        self.packets.append(self.socket.recv(2048))

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.remove_reader(self.socket)
        self.socket.close()


@pytest.fixture
def listen(stage: Stage) -> Iterator[Callable[..., Ear]]:
    """Opens ears on the stranger's host, and closes them after the test."""
    with ExitStack() as ears:
        yield lambda port=0: ears.enter_context(closing(Ear(stage, port)))


def client_hello() -> bytes:
    """The first packet of a DTLS client."""
    client = SSL.Connection(SSL.Context(SSL.DTLS_METHOD), None)
    client.set_connect_state()
    with suppress(SSL.WantReadError):
        client.do_handshake()
    return client.bio_read(2048)


def questions(ufrag: str) -> list[bytes]:
    """Packets that some server might answer. None of them proves anything."""
    plain = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    allocate = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)
    allocate.attributes["REQUESTED-TRANSPORT"] = 0x11000000
    return [
        bytes(plain),
        bytes(allocate),
        check_for(ufrag),
        check_for("nobody"),
        client_hello(),
        b"\x80\x6f" + bytes(60),
        b"\x80\xc8\x00\x06" + bytes(24),
        b"\x40\x00\x00\x04abcd",
        b"",
    ]


async def test_a_stranger_gets_back_no_more_than_they_sent(
    stage: Stage, target: Target, calls: Calls, listen: Callable[..., Ear]
) -> None:
    await calls.connect(2)
    asked = questions(calls.ufrags[0])
    ear = listen()
    for packet in 100 * asked:
        ear.socket.sendto(packet, calls.media)
    connection = stage.stranger.connect(*calls.media)
    with suppress(ConnectionError):  # the first frame that is no check of a call ends it
        for packet in asked:
            connection.sendall(len(packet).to_bytes(2) + packet)
    await calls.assert_all_are_up()
    connection.setblocking(False)
    try:
        over_tcp = len(connection.recv(65536))
    except (BlockingIOError, ConnectionError):
        over_tcp = 0
    sent = sum(map(len, asked))
    print(f"\nUDP: {ear.bytes} bytes back for {100 * sent}; TCP: {over_tcp} for {sent}")
    assert ear.bytes <= 100 * sent
    assert over_tcp <= sent
    connection.close()
    target.assert_unharmed()


async def test_the_addresses_that_a_page_names_get_no_more_than_it_sent(
    target: Target,
    calls: Calls,
    listen: Callable[..., Ear],
    open_door: Callable[..., Door],
) -> None:
    """A page names addresses of somebody who never asked for a call: a reflection."""
    await calls.connect(2)
    ears = [listen(port) for port in range(20_000, 20_100)]
    socket = await open_door(CALLERS[40]).socket()
    said = [{"type": "offer", "sdp": new_offer(), "generation": 1, "voice": "echo"}]
    for ear in ears:
        host, port = ear.socket.getsockname()
        line = {"candidate": f"candidate:1 1 udp 2130706431 {host} {port} typ host"}
        said.append({"type": "candidate", "candidate": line, "generation": 1})
    with refusals():
        for message in said:
            await socket.say(**message)
        async with asyncio.timeout(30):
            await socket.hear_until("bye")  # or an error: the call has failed
    sent = sum(len(json.dumps(message)) for message in said)
    reflected = sum(ear.bytes for ear in ears)
    print(f"\n{reflected} bytes went to the stranger for {sent} from the page")
    assert reflected <= sent
    await calls.assert_all_are_up()
    target.assert_unharmed()


async def test_replayed_and_forged_media_is_not_heard(
    stage: Stage, target: Target, calls: Calls, listen: Callable[..., Ear]
) -> None:
    """An eavesdropper sends the packets of a call again, from elsewhere and with its sender."""
    await calls.connect(2)
    line, taken = calls.lines[0], list[bytes]()
    send = line._wire.send
    line._wire.send = lambda data: (taken.append(data), send(data))  # type: ignore[assignment, func-returns-value]
    await calls.assert_all_are_up()
    line._wire.send = send  # type: ignore[method-assign]
    ear = listen()
    media = [data for data in taken if 127 < data[0] < 192]
    assert len(media) > 100
    calls.clear()
    for data in media:
        send(data)
        send(data[:-1] + bytes([data[-1] ^ 1]))
        ear.socket.sendto(data, calls.media)
    await asyncio.sleep(1)
    assert line.received <= line.sent + 5  # what was under way
    await calls.assert_all_are_up()
    assert ear.bytes == 0
    target.assert_unharmed()


async def test_a_client_hello_from_elsewhere_does_not_take_the_call(
    stage: Stage, target: Target, calls: Calls, listen: Callable[..., Ear]
) -> None:
    """ES2023-02: whoever sends the first ClientHello might become the peer."""
    await calls.connect(1)
    ear, hello = listen(), client_hello()

    async def race() -> None:
        while True:
            for _ in range(20):
                ear.socket.sendto(hello, calls.media)
            await asyncio.sleep(0.005)

    racing = asyncio.create_task(race())
    waits = [await seconds_to_connect() for _ in range(5)]
    racing.cancel()
    print(f"\nthe slowest of five callers waited {max(waits):.2f} s")
    assert ear.bytes == 0
    await calls.assert_all_are_up()
    target.assert_unharmed()


async def test_a_client_hello_after_a_replayed_check_does_not_take_the_call(
    target: Target, calls: Calls, listen: Callable[..., Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An eavesdropper sends each check of a caller again, and a ClientHello, before the caller."""
    await calls.connect(1)
    ear, hello = listen(), client_hello()
    send = StunProtocol.send_stun

    def overheard(self: StunProtocol, message: stun.Message, addr: tuple[str, int]) -> None:
        if message.message_class is stun.Class.REQUEST:
            ear.socket.sendto(bytes(message), addr)
            ear.socket.sendto(hello, addr)
        send(self, message, addr)

    monkeypatch.setattr(StunProtocol, "send_stun", overheard)
    waits = [await seconds_to_connect() for _ in range(5)]
    print(f"\nthe slowest of five callers waited {max(waits):.2f} s")
    assert ear.packets  # the replay was good, so it got answers
    assert [packet for packet in ear.packets if not is_stun(packet)] == []
    await calls.assert_all_are_up()
    target.assert_unharmed()
