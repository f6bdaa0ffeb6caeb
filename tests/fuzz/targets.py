"""Everything that reads what a stranger sends, each as one function that takes bytes.

A target raises only if the product would: what it is allowed to raise is caught here.
"""

import asyncio
import hmac
import random
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aioice.candidate import Candidate
from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCIceParameters, RTCSctpTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.rtcsctptransport import RTCSctpCapabilities
from google_crc32c import value as crc32c
from pyee.asyncio import AsyncIOEventEmitter

from bot.call.heartbeat import Heartbeat
from bot.ice.agent import IceAgent
from bot.ice.media_port import MediaPort
from bot.ice.switch import Switch
from bot.media.stream import AudioStream
from bot.peer import sctp, sdp
from bot.peer.offer_text import OfferError
from bot.peer.sctp import BoundedSctp
from bot.voices.echo import EchoVoice
from tests.hostile import check_of_peer
from tests.media.test_agent import Quiet
from wire.errors import ProtocolError
from wire.model import IceCandidate
from wire.page import parse_page
from wire.selftest import parse_selftest

from .mutate import corpus

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
HERE: Final = "127.0.0.1"
OFTEN: Final = 20
"""What gets past the first look is tried more often than the rest."""

Feed = Callable[[bytes, random.Random], Awaitable[None]]


@dataclass(frozen=True)
class Target:
    """A parser to fuzz.

    :ivar share: its share of all inputs: the quicker it is, the more it gets.
    :ivar open: makes the function that takes the inputs, and the good inputs to begin with.
    """

    name: str
    share: float
    open: Callable[[], AbstractAsyncContextManager[tuple[Feed, list[bytes]]]]


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# SDP, candidates and messages.

MEDIA = sdp.LocalMedia(1, 1234, "c", (RTCDtlsFingerprint("sha-256", "AB:CD"),))
ICE = RTCIceParameters("ufrg", "p" * 22)
HOST = Candidate.from_sdp("1 1 udp 2130706431 192.0.2.1 5000 typ host")


@asynccontextmanager
async def offers() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    """An offer that is taken can be answered, and its candidates can be used or left out."""

    async def feed(data: bytes, dice: random.Random) -> None:
        with suppress(OfferError):
            offer = sdp.read_offer(text(data))
            sdp.write_answer(offer, MEDIA, 2, ICE, [HOST])
            for candidate in offer.candidates:
                sdp.usable(candidate)

    yield feed, [path.read_bytes() for path in FIXTURES.glob("*.sdp")] + corpus("sdp")


@asynccontextmanager
async def candidates() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    """As :meth:`bot.call.connection.Connection.add_candidate` reads them."""
    port = MediaPort([HERE])
    await port.open()
    agent = IceAgent(Switch(Quiet()), port)

    async def feed(data: bytes, dice: random.Random) -> None:
        with suppress(ValueError):
            found = sdp.read_candidate(IceCandidate(candidate=text(data)[:1024]))
            if found is not None:
                agent.add(found)

    yield feed, corpus("candidate")
    await agent.close()
    port.close()


@asynccontextmanager
async def page_messages() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    async def feed(data: bytes, dice: random.Random) -> None:
        with suppress(ProtocolError):
            parse_page(text(data))

    yield feed, corpus("page")


@asynccontextmanager
async def reports() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    async def feed(data: bytes, dice: random.Random) -> None:
        with suppress(ProtocolError):
            parse_selftest(data)

    yield feed, corpus("selftest")


# The media port.


def signed(data: bytes, password: bytes) -> bytes:
    """Give a STUN message the right length and a MESSAGE-INTEGRITY, whatever else is in it."""
    attributes = data[20:]
    attributes += bytes(-len(attributes) % 4)
    head = data[:2] + struct.pack("!H", (len(attributes) + 24) & 0xFFFF) + data[4:20]
    body = head + attributes
    return body + b"\x00\x08\x00\x14" + hmac.digest(password, body, "sha1")


@asynccontextmanager
async def datagrams() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    """The UDP port, with a call that is being checked. A visitor knows its password."""
    port = MediaPort([HERE])
    await port.open(tcp=False)
    agent = IceAgent(Switch(Quiet()), port)
    agent.start("page", "p" * 24, ssrc=1234)
    base = port.bases[0]

    async def feed(data: bytes, dice: random.Random) -> None:
        if dice.random() < 0.5 and len(data) >= 20:
            data = signed(data[:1400], agent.local_pwd.encode())
        port.receive(base, data, (HERE, dice.randrange(40_000, 40_010)))

    good = check_of_peer(agent, "page")
    yield feed, [*OFTEN * [good, good[:-24]], *corpus("stun"), *corpus("rtp")]
    await agent.close()
    port.close()


@asynccontextmanager
async def connections() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    """The TCP port: frames good and bad, over real connections on loopback."""
    port = MediaPort([HERE])
    await port.open()
    agent = IceAgent(Switch(Quiet()), port)
    agent.start("page", "p" * 24)
    failures: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    pending: list[bytes] = []

    async def feed(data: bytes, dice: random.Random) -> None:
        pending.append(
            data if dice.random() < 0.02 else len(data[:65535]).to_bytes(2) + data[:65535]
        )
        if len(pending) < 50:
            return
        reader, writer = await asyncio.open_connection(HERE, port.number)
        with suppress(OSError):
            writer.write(b"".join(pending))
            writer.write_eof()
            await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        pending.clear()
        assert failures == []

    yield feed, [*OFTEN * [check_of_peer(agent, "page")], *corpus("stun"), *corpus("rtp")]
    loop.set_exception_handler(None)
    await agent.close()
    port.close()


class Plain:
    """An SRTP session that neither encrypts nor authenticates."""

    def protect(self, data: bytes) -> bytes:
        return data

    unprotect = protect_rtcp = unprotect_rtcp = protect


@asynccontextmanager
async def media() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    """RTP and RTCP of a visitor's own call, decrypted."""
    plain: Any = Plain()
    stream = AudioStream(
        (plain, plain),
        lambda data: None,
        ssrc=0xB07,
        remote_ssrc=None,
        payload_type=111,
        cname="c",
        level_id=1,
        make_voice=lambda sender: EchoVoice(sender.forward),
    )

    async def feed(data: bytes, dice: random.Random) -> None:
        if len(data) < 2:
            return  # libsrtp takes none that is shorter than a header
        stream.receive(data)
        if dice.random() < 0.1:
            stream.tick()

    yield feed, corpus("rtp") + corpus("rtcp")


# The data channel.


class Channel(AsyncIOEventEmitter):
    readyState = "open"  # noqa: N815

    def send(self, data: str) -> None:
        data.encode()


@asynccontextmanager
async def heartbeats() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    channel = Channel()
    heartbeat = Heartbeat(
        channel,  # type: ignore[arg-type]
        interval=600,
        liveness=600,
        on_dead=lambda: None,
        on_rtt=lambda ms: None,
    )

    async def feed(data: bytes, dice: random.Random) -> None:
        channel.emit("message", text(data) if dice.random() < 0.9 else data)

    yield feed, corpus("heartbeat")
    heartbeat.stop()


class Dtls:
    """A DTLS association in memory."""

    state = "connected"

    def __init__(self, role: str) -> None:
        self._role = role
        self.sent: list[bytes] = []
        self.deliver: Callable[[bytes], Coroutine[Any, Any, None]] | None = None
        self._delivering: set[asyncio.Task[None]] = set()

    def _register_data_receiver(self, receiver: object) -> None:
        pass

    _unregister_data_receiver = _register_data_receiver

    async def _send_data(self, data: bytes) -> None:
        self.sent.append(data)
        if self.deliver is not None:
            task = asyncio.get_running_loop().create_task(self.deliver(data))
            self._delivering.add(task)
            task.add_done_callback(self._delivering.discard)


class Association:
    """The bot's end of an association whose peer has opened the data channel, and is gone."""

    def __init__(self) -> None:
        self._dtls = Dtls("server")
        self.bot: RTCSctpTransport = BoundedSctp(self._dtls)  # type: ignore[arg-type]
        self.heard: list[bytes] = []
        """The packets of the peer."""

    async def open(self) -> None:
        client = Dtls("client")
        page = RTCSctpTransport(client)  # type: ignore[arg-type]
        for end in (self.bot, page):
            await end.start(RTCSctpCapabilities(65536), 5000)
        client.deliver, self._dtls.deliver = self.bot._handle_data, page._handle_data
        await self.bot._handle_data(client.sent[0])  # INIT; the rest follows from it
        channel = RTCDataChannel(page, RTCDataChannelParameters(label="heartbeat"))
        opened = asyncio.Event()
        channel.on("open", opened.set)
        await opened.wait()
        channel.send("hello")
        await page._transmit()
        client.deliver = self._dtls.deliver = None
        await page.stop()
        self.heard = client.sent

    async def feed(self, data: bytes) -> None:
        self._dtls.sent.clear()
        await self.bot._handle_data(data)


def checked(data: bytes) -> bytes:
    """Give an SCTP packet the right checksum."""
    return data[:8] + crc32c(data[:8] + bytes(4) + data[12:]).to_bytes(4, "little") + data[12:]


@asynccontextmanager
async def sctp_packets() -> AsyncIterator[tuple[Feed, list[bytes]]]:
    """Packets of a peer that has finished the DTLS handshake. Most have the right checksum."""
    limits: Any = sctp
    burst, limits.CHUNK_BURST = limits.CHUNK_BURST, 1e9  # or most inputs would not be read
    association = Association()
    await association.open()

    async def feed(data: bytes, dice: random.Random) -> None:
        nonlocal association
        if association.bot.state == "closed" or dice.random() < 0.001:
            await association.bot.stop()
            association = Association()
            await association.open()
        # Right for this association, whatever the input was taken from.
        tag = association.heard[-1][4:8] if dice.random() < 0.9 else data[4:8]
        await association.feed(checked(data[:4] + tag + data[8:]) if len(data) >= 12 else data)

    yield feed, [*association.heard]
    await association.bot.stop()
    limits.CHUNK_BURST = burst


TARGETS: Final = (
    Target("offers", 0.02, offers),
    Target("candidates", 0.1, candidates),
    Target("page-messages", 0.2, page_messages),
    Target("reports", 0.1, reports),
    Target("datagrams", 0.2, datagrams),
    Target("connections", 0.08, connections),
    Target("media", 0.2, media),
    Target("heartbeats", 0.05, heartbeats),
    Target("sctp-packets", 0.05, sctp_packets),
)
