"""The bot's SCTP against a hostile peer, and beside a stock one over a bad network."""

import asyncio
import random
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCSctpTransport
from aiortc.rtcsctptransport import (
    SCTP_STATE_COOKIE,
    AbortChunk,
    Chunk,
    CookieEchoChunk,
    DataChunk,
    ForwardTsnChunk,
    HeartbeatChunk,
    InitAckChunk,
    InitChunk,
    ReconfigChunk,
    RTCSctpCapabilities,
    SackChunk,
    ShutdownChunk,
    parse_packet,
    serialize_packet,
)
from google_crc32c import value as crc32c

from bot.peer import sctp as limits
from bot.peer.sctp import BoundedSctp, MalformedPacketError, count_chunks

pytestmark = pytest.mark.unit

PORT = 5000
ALL, FIRST, MIDDLE, LAST = 3, 2, 0, 1
"""Flags of a DATA chunk: a whole message, or a part of one."""
STRING, DCEP = 51, 50
OPEN = b"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00heartbeat"
PAYLOAD_BYTES = 1100


class Dtls:
    """A DTLS association that hands each packet to ``deliver``."""

    state = "connected"

    def __init__(self, role: str) -> None:
        self._role = role
        self.sent: list[bytes] = []
        self.deliver: Callable[[bytes], Awaitable[None]] | None = None

    def _register_data_receiver(self, receiver: Any) -> None:
        pass

    _unregister_data_receiver = _register_data_receiver

    async def _send_data(self, data: bytes) -> None:
        self.sent.append(data)
        if self.deliver is not None:
            await self.deliver(data)


class Attacker:
    """A peer that has finished the DTLS handshake, and writes its own SCTP packets."""

    def __init__(self, *, max_message_size: int = 65536) -> None:
        self.dtls = Dtls("server")
        self.sctp = BoundedSctp(self.dtls)  # type: ignore[arg-type]
        self.channels: list[RTCDataChannel] = []
        self.heard: list[str | bytes] = []
        self.sctp.on("datachannel", self._opened)
        self.tsn = 1000
        self._said: Counter[int] = Counter()
        self._max_message_size = max_message_size

    async def associate(self) -> "Attacker":
        await self.sctp.start(RTCSctpCapabilities(self._max_message_size), PORT)
        init = InitChunk()
        init.initiate_tag, init.advertised_rwnd = 7, 0xFFFFFFFF
        init.inbound_streams = init.outbound_streams = 65535
        init.initial_tsn = self.tsn
        await self.send(init, tag=0)
        (ack,) = self.answers(InitAckChunk)
        self._tag = ack.initiate_tag
        cookie = dict(ack.params)[SCTP_STATE_COOKIE]
        await self.send(CookieEchoChunk(body=cookie))
        return self

    async def open_channel(self, stream: int = 0) -> None:
        await self.say(OPEN, protocol=DCEP, stream=stream)

    async def say(
        self, data: bytes, *, flags: int = ALL, protocol: int = STRING, stream: int = 0
    ) -> None:
        await self.send(self.data(data, flags=flags, protocol=protocol, stream=stream))

    def data(
        self,
        data: bytes,
        *,
        flags: int = ALL,
        protocol: int = STRING,
        stream: int = 0,
        skip: int = 0,
    ) -> DataChunk:
        """The next DATA chunk, after ``skip`` TSNs that are left out."""
        chunk = DataChunk(flags=flags)
        chunk.tsn = (self.tsn + skip) & 0xFFFFFFFF
        chunk.stream_id, chunk.stream_seq, chunk.protocol = stream, self._said[stream], protocol
        chunk.user_data = data
        self._said[stream] += flags & LAST
        self.tsn = (chunk.tsn + 1) & 0xFFFFFFFF
        return chunk

    async def send(self, *chunks: Chunk, tag: int | None = None) -> None:
        body = b"".join(map(bytes, chunks))
        await self.sctp._handle_data(packet(body, self._tag if tag is None else tag))

    def answers(self, kind: type[Any]) -> list[Any]:
        found = [c for data in self.dtls.sent for c in parse_packet(data)[3]]
        return [chunk for chunk in found if isinstance(chunk, kind)]

    def restart(self, stream: int) -> None:
        """Count this stream's messages from zero, after a reset."""
        del self._said[stream]

    def _opened(self, channel: RTCDataChannel) -> None:
        self.channels.append(channel)
        channel.on("message", self.heard.append)


def packet(body: bytes, tag: int) -> bytes:
    header = struct.pack("!HHL", PORT, PORT, tag)
    return header + struct.pack("<L", crc32c(header + bytes(4) + body)) + body


async def test_a_message_reaches_the_channel() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    await peer.say(b"hello")
    assert [channel.label for channel in peer.channels] == ["heartbeat"]
    assert peer.heard == ["hello"]
    await peer.sctp.stop()


async def test_tsns_far_ahead_are_not_kept() -> None:
    """The measured attack: 150 packets of tiny chunks, with every other TSN left out."""
    peer = await Attacker().associate()
    for _ in range(150):
        await peer.send(*(peer.data(b"x", skip=1) for _ in range(55)))
    assert len(peer.sctp._sack_misordered) <= limits.MAX_AHEAD
    assert len(peer.sctp._kept()) <= limits.MAX_KEPT_CHUNKS
    assert len(peer.answers(SackChunk)[-1].gaps) <= limits.MAX_AHEAD
    await peer.sctp.stop()


@pytest.mark.parametrize("size", [1, PAYLOAD_BYTES])
async def test_a_message_without_end_is_kept_up_to_the_window(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHUNK_BURST", 10**6)
    peer = await Attacker().associate()
    await peer.open_channel()
    await peer.say(bytes(size), flags=FIRST)
    for _ in range(2000):
        await peer.say(bytes(size), flags=MIDDLE)
    assert peer.sctp.kept_bytes <= limits.WINDOW_BYTES
    assert len(peer.sctp._kept()) <= limits.MAX_KEPT_CHUNKS
    kept = peer.sctp.kept_bytes
    assert peer.answers(SackChunk)[-1].advertised_rwnd == limits.WINDOW_BYTES - kept
    await peer.sctp.stop()


async def test_what_waits_leaves_room_for_what_it_waits_for() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    first = peer.data(bytes(PAYLOAD_BYTES))
    for _ in range(100):
        await peer.say(bytes(PAYLOAD_BYTES))
    assert 0 < peer.sctp.kept_bytes <= limits.WINDOW_BYTES // 2
    waiting = len(peer.sctp._kept())
    await peer.send(first)
    assert len(peer.heard) == 1 + waiting
    assert peer.sctp.kept_bytes == 0
    await peer.sctp.stop()


async def test_a_message_above_the_announced_size_is_dropped() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    await peer.say(bytes(PAYLOAD_BYTES), flags=FIRST)
    for _ in range(limits.MAX_MESSAGE_BYTES // PAYLOAD_BYTES):
        await peer.say(bytes(PAYLOAD_BYTES), flags=MIDDLE)
    await peer.say(b"end", flags=LAST)
    await peer.say(b"after")
    assert peer.heard == ["after"]
    await peer.sctp.stop()


async def test_there_is_one_channel() -> None:
    peer = await Attacker().associate()
    for stream in range(400):
        await peer.open_channel(stream)
    await peer.open_channel(0)
    await peer.say(b"other", stream=399)
    await peer.say(b"ours")
    assert len(peer.channels) == 1
    assert peer.heard == ["ours"]
    assert list(peer.sctp._inbound_streams) == [0]
    assert peer.sctp.kept_bytes == 0
    await peer.sctp.stop()


async def test_a_forward_tsn_makes_no_streams() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    skip = ForwardTsnChunk()
    skip.cumulative_tsn, skip.streams = peer.tsn + 5000, [(n, 9) for n in range(250)]
    await peer.send(skip)
    peer.tsn += 5001
    await peer.say(b"after")
    assert list(peer.sctp._inbound_streams) == [0]
    assert peer.heard == ["after"]
    await peer.sctp.stop()


async def test_chunks_beyond_the_budget_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHUNKS_PER_S", 0)
    peer = await Attacker().associate()
    for _ in range(100):
        await peer.send(*(HeartbeatChunk() for _ in range(250)))
    assert len(peer.dtls.sent) <= limits.CHUNK_BURST + 5
    await peer.sctp.stop()


async def test_gap_blocks_about_nothing_that_was_sent_are_ignored() -> None:
    """65,536 TSNs in each of 250 blocks would be counted one by one."""
    peer = await Attacker().associate()
    await peer.open_channel()
    for _ in range(5):
        peer.channels[0].send("x")
        await asyncio.sleep(0)
    sack = SackChunk()
    sack.cumulative_tsn = (peer.sctp._local_tsn - 5) & 0xFFFFFFFF
    sack.gaps = [(2, 3), (1, 1), (3, 2), (4, 4)] + [(5, 65535)] * 250
    assert peer.sctp._plausible_gaps(sack) == [(2, 3), (4, 4)]
    await peer.send(sack)
    sack.cumulative_tsn = (peer.sctp._local_tsn + 5000) & 0xFFFFFFFF
    await peer.send(sack)
    assert peer.sctp._last_sacked_tsn == (peer.sctp._local_tsn - 5) & 0xFFFFFFFF
    await peer.sctp.stop()


async def test_a_peer_that_acknowledges_nothing_fills_no_queue() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    for _ in range(2000):
        peer.channels[0].send("x" * 1000)
    await asyncio.sleep(0)
    assert peer.channels[0].bufferedAmount <= limits.MAX_UNSENT_BYTES
    assert len(peer.sctp._sent_queue) <= limits.MAX_UNACKED_CHUNKS
    await peer.sctp.stop()


@pytest.mark.parametrize("size", [1, -1])
async def test_a_peer_that_takes_no_message_gets_none(size: int) -> None:
    peer = await Attacker(max_message_size=size).associate()
    await peer.open_channel()
    peer.channels[0].send("pipecat.ping")
    assert peer.channels[0].bufferedAmount == 0
    await peer.sctp.stop()


async def test_a_late_init_does_not_restart_the_association() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    again = InitChunk()
    again.initiate_tag, again.initial_tsn, again.inbound_streams = 9, 5, 1
    await peer.send(again, tag=0)
    await peer.say(b"still here")
    assert peer.heard == ["still here"]
    await peer.sctp.stop()


async def test_after_an_abort_nothing_is_answered() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    await peer.send(AbortChunk())
    peer.dtls.sent.clear()
    await peer.send(HeartbeatChunk())
    await peer.say(b"anybody?")
    assert (peer.heard, peer.dtls.sent) == ([], [])
    assert peer.channels[0].readyState == "closed"


async def test_a_channel_may_be_closed_and_opened_again() -> None:
    peer = await Attacker().associate()
    await peer.open_channel()
    reset = ReconfigChunk()
    reset.params = [(13, struct.pack("!LLLH", peer.tsn, 0, peer.tsn - 1, 0))]
    await peer.send(reset)
    await asyncio.sleep(0)
    ((_, request),) = [c.params[0] for c in peer.answers(ReconfigChunk) if c.params[0][0] == 13]
    answered = ReconfigChunk()
    answered.params = [(16, request[:4] + struct.pack("!L", 1))]
    await peer.send(answered)
    assert peer.channels[0].readyState == "closed"
    peer.restart(0)
    await peer.open_channel()
    await peer.say(b"again")
    assert len(peer.channels) == 2
    assert peer.heard == ["again"]
    await peer.sctp.stop()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x04\x00\x00\x08\x00\x01\x00\x00",  # aiortc reads this parameter for ever
        bytes(InitChunk()) + bytes(HeartbeatChunk()),
        b"\x00\x03\x00\x03",
        b"\x00\x03\x00\xff",
    ],
    ids=["empty", "parameter length", "init", "too short", "too long"],
)
def test_a_malformed_packet_is_told_by_its_lengths(body: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        count_chunks(bytes(12) + body)


SEEDS: list[Chunk] = [
    InitChunk(),
    InitAckChunk(),
    CookieEchoChunk(body=bytes(24)),
    HeartbeatChunk(body=b"\x00\x01\x00\x08abcd"),
    ForwardTsnChunk(body=struct.pack("!LHH", 1000, 0, 1)),
    SackChunk(body=struct.pack("!LLHHHHL", 1, 1, 1, 1, 2, 3, 4)),
    ReconfigChunk(body=struct.pack("!HHLLLH", 13, 18, 1, 1, 1, 0)),
    ReconfigChunk(body=struct.pack("!HHLHH", 17, 12, 1, 1, 0)),
    ReconfigChunk(body=struct.pack("!HHLL", 16, 12, 1, 1)),
    ShutdownChunk(body=bytes(4)),
]


async def test_no_packet_raises_or_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    """Mutated chunks with a right checksum and tag, which only the real peer can send."""
    dice = random.Random(4960)
    for _ in range(200):
        peer = await Attacker().associate()
        if dice.random() < 0.7:
            await peer.open_channel()
            peer.channels[0].send("ping")
        for _ in range(50):
            chunks = [*dice.choices(SEEDS, k=dice.randrange(3)), peer.data(OPEN, protocol=DCEP)]
            body = bytearray(b"".join(map(bytes, chunks)))
            for _ in range(dice.randrange(6)):
                body[dice.randrange(len(body))] = dice.randrange(256)
            await peer.sctp._handle_data(
                packet(bytes(body), dice.choice([peer._tag, peer._tag, 0]))
            )
        assert peer.sctp.kept_bytes <= limits.WINDOW_BYTES
        assert len(peer.sctp._inbound_streams) <= 1
        await peer.sctp.stop()
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_fault_of_ours_is_logged_once_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer = await Attacker().associate()
    await peer.open_channel()

    def fail(text: str) -> None:
        raise RuntimeError(text)

    peer.channels[0].on("message", fail)
    await peer.say(b"one")
    await peer.say(b"two")
    assert peer.heard == ["one", "two"]
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]
    await peer.sctp.stop()


async def test_an_honest_peer_loses_nothing_over_a_bad_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aiortc.rtcsctptransport.SCTP_RTO_INITIAL", 0.02)
    monkeypatch.setattr("aiortc.rtcsctptransport.SCTP_RTO_MIN", 0.02)
    dice, loop = random.Random(9), asyncio.get_running_loop()
    ours, theirs = Dtls("server"), Dtls("client")
    bot = BoundedSctp(ours)  # type: ignore[arg-type]
    page = RTCSctpTransport(theirs)  # type: ignore[arg-type]
    bot._rto = page._rto = 0.02
    tasks: set[asyncio.Task[None]] = set()

    def arrive(end: RTCSctpTransport, data: bytes) -> None:
        tasks.add(loop.create_task(end._handle_data(data)))

    def network(end: RTCSctpTransport) -> Callable[[bytes], Awaitable[None]]:
        async def deliver(data: bytes) -> None:
            if dice.random() > 0.2:
                loop.call_later(dice.random() * 0.005, arrive, end, data)

        return deliver

    ours.deliver, theirs.deliver = network(page), network(bot)
    heard: asyncio.Queue[str] = asyncio.Queue()
    bot.on("datachannel", lambda channel: channel.on("message", heard.put_nowait))
    await bot.start(RTCSctpCapabilities(65536), PORT)
    await page.start(RTCSctpCapabilities(limits.MAX_MESSAGE_BYTES), PORT)
    channel = RTCDataChannel(page, RTCDataChannelParameters(label="heartbeat"))
    opened = asyncio.Event()
    channel.on("open", opened.set)
    await asyncio.wait_for(opened.wait(), 30)
    said = [str(n) * dice.choice([1, 10, 3000]) for n in range(100)]
    for text in said:
        channel.send(text)
    async with asyncio.timeout(30):
        assert [await heard.get() for _ in said] == said
    await page.stop()
    await bot.stop()
    await asyncio.sleep(0.01)


def test_the_stock_serializer_agrees_with_ours() -> None:
    chunk = HeartbeatChunk(body=b"\x00\x01\x00\x08abcd")
    assert packet(bytes(chunk), 7) == serialize_packet(PORT, PORT, 7, chunk)
