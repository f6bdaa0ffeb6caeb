"""DTLS with a peer that may be hostile: records in a bundle, junk, and a renegotiation."""

import asyncio
import random
import struct
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from aiortc import RTCCertificate, RTCDtlsTransport
from OpenSSL import SSL

from bot.peer.aiortc_compat import set_dtls_server, srtp_sessions
from bot.peer.dtls import MAX_DATAGRAM_BYTES, RecordTransport, split_records

pytestmark = pytest.mark.unit

CERTIFICATE = RTCCertificate.generateCertificate()
HANDSHAKE, ALERT, DATA = 22, 21, 23


class Wire:
    """One end of a lossless network."""

    role = "controlled"

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self.has_sent = asyncio.Event()
        self.other: Wire

    async def _recv(self) -> bytes:
        return await self.arrived.get()

    async def _send(self, data: bytes) -> None:
        self.other.arrived.put_nowait(data)
        self.has_sent.set()


class Association:
    """The bot's DTLS and a client's, connected over two wires."""

    def __init__(self) -> None:
        self.wire, far = Wire(), Wire()
        self.wire.other, far.other = far, self.wire
        self.bot = RTCDtlsTransport(RecordTransport(self.wire), [CERTIFICATE])  # type: ignore[arg-type]
        set_dtls_server(self.bot)
        self.client = RTCDtlsTransport(far, [CERTIFICATE])  # type: ignore[arg-type]
        self.client._set_role("client")
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def _handle_data(self, data: bytes) -> None:
        self.heard.put_nowait(data)

    async def connect(self) -> None:
        parameters = self.bot.getLocalParameters()
        async with asyncio.timeout(10):
            await asyncio.gather(self.bot.start(parameters), self.client.start(parameters))
        self.bot._register_data_receiver(self)

    def written(self, data: bytes) -> bytes:
        """A record of the client's with ``data``, not sent yet."""
        assert self.client._ssl is not None
        self.client._ssl.send(data)
        return self.client._ssl.bio_read(MAX_DATAGRAM_BYTES)

    async def hears(self, data: bytes) -> bool:
        self.wire.arrived.put_nowait(self.written(data))
        return await asyncio.wait_for(self.heard.get(), 10) == data

    async def close(self) -> None:
        tasks = [task for end in (self.bot, self.client) if (task := end._task) is not None]
        await self.client.stop()
        await self.bot.stop()
        await asyncio.wait(tasks)


def record(kind: int, body: bytes, *, epoch: int = 0, number: int = 1) -> bytes:
    return struct.pack("!BHHHIH", kind, 0xFEFD, epoch, 0, number, len(body)) + body


@pytest_asyncio.fixture
async def association() -> AsyncIterator[Association]:
    made = Association()
    await made.connect()
    yield made
    await made.close()


async def test_every_record_of_a_datagram_is_read(association: Association) -> None:
    """aiortc alone reads one of them, and OpenSSL keeps the others: memory that a peer can fill."""
    said = [b"%d" % number for number in range(30)]
    association.wire.arrived.put_nowait(b"".join(map(association.written, said)))
    async with asyncio.timeout(10):
        assert [await association.heard.get() for _ in said] == said


async def test_nothing_of_a_datagram_that_is_too_long_is_kept(association: Association) -> None:
    bundle = b"".join(association.written(b"x" * 100) for _ in range(20))
    for _ in range(50):
        association.wire.arrived.put_nowait(bundle)
    assert await association.hears(b"after")
    assert association.heard.empty()


async def test_junk_after_the_handshake_disturbs_nothing(association: Association) -> None:
    dice = random.Random(6347)
    replayed = association.written(b"once")
    for number in range(300):
        noise = dice.randbytes(dice.randrange(1, 200))
        for packet in (
            bytes([dice.randrange(20, 64)]) + noise,
            record(DATA, noise, epoch=1, number=1000 + number),
            record(ALERT, b"\x02\x28", number=1000 + number),
            record(ALERT, noise, epoch=1, number=1000 + number),
            record(HANDSHAKE, b"\x01\x00\x00\x60" + bytes(4) + b"\x00\x00\x00\x60" + bytes(96)),
            record(HANDSHAKE, noise, epoch=2, number=number),
            replayed,
        ):
            association.wire.arrived.put_nowait(packet)
    assert await asyncio.wait_for(association.heard.get(), 10) == b"once"
    assert await association.hears(b"after")
    assert association.bot.state == "connected"


async def test_a_renegotiation_is_refused_and_changes_no_key(association: Association) -> None:
    sessions, client = srtp_sessions(association.bot), association.client._ssl
    assert client is not None
    assert client.renegotiate()
    with suppress(SSL.WantReadError):
        client.do_handshake()
    association.wire.has_sent.clear()
    association.wire.arrived.put_nowait(client.bio_read(MAX_DATAGRAM_BYTES))
    await asyncio.wait_for(association.wire.has_sent.wait(), 10)  # the refusal, an alert
    assert association.bot.state == "connected"
    assert association.bot._ssl is not None
    assert association.bot._ssl.total_renegotiations() == 0
    assert srtp_sessions(association.bot) == sessions


async def test_other_work_runs_between_two_records() -> None:
    wire, turns = Wire(), 0
    transport = RecordTransport(wire)
    for _ in range(20):
        wire.arrived.put_nowait(record(DATA, b"x") * 2)

    async def work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    working = asyncio.create_task(work())
    for _ in range(40):
        await transport._recv()
    working.cancel()
    assert turns >= 39


@pytest.mark.parametrize(
    ("datagram", "count"),
    [
        (record(DATA, b"one") + record(DATA, b"two"), 2),
        (record(HANDSHAKE, b""), 1),
        (record(DATA, b"one") + b"\x17\xfe", 1),
        (record(DATA, b"one") + record(DATA, b"two")[:-1], 1),
        (record(DATA, b"one") + record(63, b"two"), 1),
        (record(DATA, bytes(MAX_DATAGRAM_BYTES)), 0),
        (b"", 0),
    ],
)
def test_a_datagram_is_read_up_to_the_first_malformed_record(datagram: bytes, count: int) -> None:
    assert len(list(split_records(datagram))) == count
