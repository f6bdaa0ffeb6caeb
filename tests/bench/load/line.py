"""One caller of the load, with real ICE, DTLS and SRTP and as little else as possible.

It sends encoded packets and looks at the sizes and arrival times of what comes back, so that one
core carries hundreds of them. Only a line that ``records`` decrypts what it hears.
"""

import asyncio
import random
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import aioice
from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDataChannelParameters,
    RTCDtlsTransport,
    RTCSctpTransport,
)
from aiortc.rtcicetransport import candidate_to_aioice
from aiortc.sdp import MediaDescription, SessionDescription

from bot.media.packet import AudioPacket
from bot.media.rtp import parse_audio
from bot.peer.aiortc_compat import srtp_sessions

from .recording import PERIOD_PACKETS, VOICE_PACKETS
from .signalling import Signalling

PAYLOAD_TYPE: Final = 111
LEVEL_EXTENSION: Final = 1
QUIET_PACKETS: Final = 15
"""This many packets of about one size are silence."""
LOUDER: Final = 1.5
"""A voice takes at least this many times the bytes of silence, with every encoder."""
OVERHEAD_BYTES: Final = 26
"""About the size of an SRTP packet's header and tag."""
_RTP: Final = struct.Struct("!BBHII")


class _Agent(aioice.Connection):
    """aioice's agent, but it delivers packets without a queue."""

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        super().__init__(ice_controlling=True, use_ipv6=False)
        self._deliver = deliver

    def data_received(self, data: bytes, component: int) -> None:
        self._deliver(data)


class _Wire:
    """Plays the ICE transport for aiortc's DTLS transport."""

    role = "controlling"

    def __init__(self) -> None:
        self.agent = _Agent(self._deliver)
        self.on_rtp: Callable[[bytes], None] | None = None
        self.is_silent = False
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()

    def ready(self) -> None:
        pair = self.agent._nominated[1]
        self._socket, self._remote = pair.protocol.transport, pair.remote_addr

    def send(self, data: bytes) -> None:
        if not self.is_silent:
            self._socket.sendto(data, self._remote)

    async def _send(self, data: bytes) -> None:
        self.send(data)

    async def _recv(self) -> bytes:
        return await self._queue.get()

    def new_agent(self) -> _Agent:
        """Replace the agent. Packets go on over the last one's path until :meth:`ready`.

        :returns: the last one, which is then to be closed.
        """
        before, self.agent = self.agent, _Agent(self._deliver)
        return before

    def _deliver(self, data: bytes) -> None:
        if not 127 < data[0] < 192:
            self._queue.put_nowait(data)
        elif self.on_rtp is not None:
            self.on_rtp(data)


class Line:
    """A call. Times are seconds of :func:`time.perf_counter`.

    :param packets: the recording, which the caller says over and over.
    :param echoes: whether the bot sends packets back.
    :param loss: the share of packets, each way, that is dropped on purpose, 0 to 1.
    :param late: the share of packets that is sent 30 ms late, after the next one, 0 to 1.
    """

    def __init__(
        self,
        signalling: Signalling,
        packets: Sequence[bytes],
        *,
        echoes: bool = True,
        records: bool = False,
        loss: float = 0.0,
        late: float = 0.0,
    ) -> None:
        self._signalling = signalling
        self._packets = packets
        self.echoes = echoes
        self._records = records
        self._loss = loss
        self._late = late
        self._wire = _Wire()
        self._ssrc = random.getrandbits(32)
        self._sequence_number = random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._turn = 0
        self._sizes: deque[int] = deque(maxlen=QUIET_PACKETS)
        self._asked_at: float | None = None
        self.heard: list[AudioPacket] = []
        """The packets in order of arrival, if the line records."""
        self.offered_at = 0.0
        self.answered_at = 0.0
        self._first: list[tuple[float, int]] = []
        self.clear()

    def clear(self) -> None:
        """Forget all counts and begin again."""
        self.sent = 0
        self.received = 0
        self.words = 0
        self.echo_s: list[float] = []
        """For each word, the time from its first packet to the first packet of its echo."""

    async def connect(self, certificate: RTCCertificate) -> None:
        """Set the call up. After that, call :meth:`speak` every 20 ms."""
        await self._signalling.open()
        await self._wire.agent.gather_candidates()
        dtls = RTCDtlsTransport(self._wire, [certificate])  # type: ignore[arg-type]
        offer = self._offer(dtls)
        self.offered_at = time.perf_counter()
        audio, *others = SessionDescription.parse(await self._signalling.answer(offer)).media
        self.answered_at = time.perf_counter()
        await self._check(audio)
        assert audio.dtls is not None
        dtls._set_role("client" if audio.dtls.role == "server" else "server")
        await dtls.start(audio.dtls)
        if dtls.state != "connected":
            raise ConnectionError(f"DTLS is {dtls.state}")
        self._dtls = dtls
        self._inbound, self._outbound = srtp_sessions(dtls)
        self._wire.on_rtp = self._hear
        if others:
            await self._open_channel(others[0])

    async def restart_ice(self) -> None:
        """Find another path for the call, as a page does whose network has changed."""
        before = self._wire.new_agent()
        try:
            await self._wire.agent.gather_candidates()
            answer = await self._signalling.answer(self._offer(self._dtls))
            await self._check(SessionDescription.parse(answer).media[0])
        except BaseException:
            await self._wire.agent.close()
            self._wire.agent = before
            raise
        await before.close()

    async def _check(self, answer: MediaDescription) -> None:
        agent = self._wire.agent
        assert answer.ice
        agent.remote_username = answer.ice.usernameFragment
        agent.remote_password = answer.ice.password
        agent.remote_is_lite = bool(answer.ice.iceLite)
        for candidate in answer.ice_candidates:
            if candidate.protocol.lower() == "udp":
                await agent.add_remote_candidate(candidate_to_aioice(candidate))
        await agent.add_remote_candidate(None)
        await agent.connect()
        self._wire.ready()

    async def _open_channel(self, answer: MediaDescription) -> None:
        self._sctp = RTCSctpTransport(self._dtls)
        assert answer.sctpCapabilities is not None
        await self._sctp.start(answer.sctpCapabilities, answer.sctp_port or 5000)
        channel = RTCDataChannel(
            self._sctp, RTCDataChannelParameters(label=self._signalling.channel)
        )
        channel.on("open", lambda: channel.send(self._signalling.hello))
        channel.on("message", lambda text: self._answer_ping(channel, text))

    def _answer_ping(self, channel: RTCDataChannel, text: str) -> None:
        if "pipecat.ping" in text:
            channel.send(text.replace("ping", "pong"))

    @property
    def first_echo_at(self) -> float | None:
        """When its own voice first came back. It takes a period to tell the voice from silence."""
        if len(self._first) < PERIOD_PACKETS:
            return None
        silence = min(size for _, size in self._first)
        return next((at for at, size in self._first if size > LOUDER * silence), None)

    async def hang_up(self) -> None:
        self._wire.on_rtp = None
        await self._signalling.close()
        if self._signalling.channel:
            await self._sctp.stop()
        await self._dtls.stop()
        await self._wire.agent.close()

    async def vanish(self) -> None:
        """Close everything, and send nothing more, as a phone does that is switched off."""
        self._wire.is_silent = True
        await self.hang_up()

    def speak(self) -> None:
        """Send the next packet of the recording."""
        turn = self._turn % len(self._packets)
        self._turn += 1
        if turn == 0:
            self._asked_at = time.perf_counter()
            self.words += 1
        # The audio level (RFC 6464), as browsers send it. With it the bot need not decode.
        level = b"\xbe\xde\x00\x01" + bytes(
            [LEVEL_EXTENSION << 4, 30 if turn < VOICE_PACKETS else 127, 0, 0]
        )
        header = _RTP.pack(0x90, PAYLOAD_TYPE, self._sequence_number, self._timestamp, self._ssrc)
        packet = self._outbound.protect(header + level + self._packets[turn])
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        self._timestamp = (self._timestamp + 960) & 0xFFFFFFFF
        self.sent += 1
        if turn > 2 and random.random() < self._loss:  # a word's start is timed
            return
        if turn > 2 and random.random() < self._late:
            asyncio.get_running_loop().call_later(0.03, self._wire.send, packet)
        else:
            self._wire.send(packet)

    def _hear(self, data: bytes) -> None:
        if 192 <= data[1] <= 223 or (self._loss and random.random() < self._loss):
            return
        now = time.perf_counter()
        self.received += 1
        size = len(data) - OVERHEAD_BYTES
        if len(self._first) < PERIOD_PACKETS:
            self._first.append((now, size))
        if self._asked_at is not None and self._breaks_silence(size):
            self.echo_s.append(now - self._asked_at)
            self._asked_at = None
        self._sizes.append(size)
        if self._records:
            self._record(data)

    def _breaks_silence(self, size: int) -> bool:
        sizes = self._sizes
        is_quiet = len(sizes) == QUIET_PACKETS and max(sizes) <= 1.3 * min(sizes)
        return is_quiet and size > LOUDER * max(sizes)

    def _record(self, data: bytes) -> None:
        packet = parse_audio(self._inbound.unprotect(data), PAYLOAD_TYPE, LEVEL_EXTENSION)
        if packet is not None:
            self.heard.append(packet)

    def _offer(self, dtls: RTCDtlsTransport) -> str:
        fingerprint = dtls.getLocalParameters().fingerprints[0]
        agent = self._wire.agent
        transport = [
            f"a=ice-ufrag:{agent.local_username}",
            f"a=ice-pwd:{agent.local_password}",
            f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}",
            "a=setup:actpass",
        ]
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            f"a=group:BUNDLE 0{' 1' if self._signalling.channel else ''}",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "c=IN IP4 0.0.0.0",
            "a=mid:0",
            "a=sendrecv",
            "a=rtcp-mux",
            f"a=extmap:{LEVEL_EXTENSION} urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            "a=rtpmap:111 opus/48000/2",
            "a=fmtp:111 minptime=10;useinbandfec=1",
            f"a=ssrc:{self._ssrc} cname:load",
            *transport,
            *(f"a=candidate:{candidate.to_sdp()}" for candidate in agent.local_candidates),
            "a=end-of-candidates",
        ]
        if self._signalling.channel:
            lines += [
                "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
                "c=IN IP4 0.0.0.0",
                "a=mid:1",
                "a=sctp-port:5000",
                "a=max-message-size:65536",
                *transport,
            ]
        return "\r\n".join(lines) + "\r\n"
