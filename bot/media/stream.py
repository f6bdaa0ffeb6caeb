"""The audio of one call: SRTP in, a voice, SRTP out."""

import logging
import struct
from collections.abc import Callable

import pylibsrtp
from aiortc.rtp import RtcpPacket
from pylibsrtp import Session

from . import opus
from .packet import LOST
from .reorder import Reorder
from .rtcp import Reporter
from .rtp import RtpSender, parse_audio
from .voice import Voice

log = logging.getLogger("voicedemo.audio")

TICKS_PER_REPORT = 50
# While packets are being forwarded silence fills in only after this many ticks without one.
FORWARD_GAP_TICKS = 5
# A peer from which nothing has come by then is one that only listens.
MUTE_TICKS = 25


class AudioStream:
    """Decrypts and hands on what arrives, sends a packet every 20 ms for as long as it lives.

    :param transmit: takes each encrypted packet; must not fail for want of a path.
    :param level_id: of the negotiated audio-level extension; 0 where there is none.
    """

    def __init__(
        self,
        srtp: tuple[Session, Session],
        transmit: Callable[[bytes], None],
        *,
        ssrc: int,
        payload_type: int,
        cname: str,
        level_id: int,
        make_voice: Callable[[RtpSender], Voice],
    ) -> None:
        self._inbound, self._outbound = srtp
        self._transmit = transmit
        self._payload_type = payload_type
        self._level_id = level_id
        self._sender = RtpSender(ssrc, payload_type, self._send_rtp)
        self.reporter = Reporter(self._sender, cname)
        self._reorder = Reorder()
        self._voice = make_voice(self._sender)
        self._ticks = 0
        self._sent_at_tick = 0
        self.packets_received = 0

    def receive(self, data: bytes) -> bool:
        """An SRTP or SRTCP packet from any path. What is not authentic or malformed is dropped.

        :returns: whether it was neither.
        """
        try:
            if 192 <= data[1] <= 223:  # RFC 5761, 4
                self._receive_rtcp(self._inbound.unprotect_rtcp(data))
            else:
                self._receive_rtp(self._inbound.unprotect(data))
        except (pylibsrtp.Error, ValueError, IndexError, struct.error) as exc:
            log.debug("packet dropped: %s", exc)
            return False
        return True

    def end(self) -> None:
        """Nothing is heard or said any more."""
        self._voice.end()

    def tick(self) -> None:
        """Every 20 ms: say something, or send silence so that the path stays warm and watched."""
        self._ticks += 1
        frame = self._voice.next_frame() if self._is_heard else None
        if frame is None:
            quiet = self._ticks - self._sent_at_tick
            if quiet > FORWARD_GAP_TICKS or (quiet and not self._sender.is_forwarding):
                self._sender.play(opus.silence(), speech=False)
        elif frame == LOST:
            self._sender.skip()
        else:
            self._sender.play(frame)
        if self._ticks % TICKS_PER_REPORT == 0:
            self._transmit(self._outbound.protect_rtcp(self.reporter.write()))

    @property
    def _is_heard(self) -> bool:
        """Whether the peer can decrypt what we say: it has said something, or had time to.

        Our side of the DTLS handshake may be done a round trip before theirs, and the first word
        of a greeting would be lost.
        """
        return self.packets_received > 0 or self._ticks > MUTE_TICKS

    def _receive_rtp(self, data: bytes) -> None:
        packet = parse_audio(data, self._payload_type, self._level_id)
        if packet is None:
            return
        self.packets_received += 1
        self.reporter.packet_received(packet)
        for ordered in self._reorder.put(packet):
            self._voice.hear(ordered)

    def _receive_rtcp(self, data: bytes) -> None:
        for report in RtcpPacket.parse(data):
            self.reporter.report_received(report)

    def _send_rtp(self, packet: bytes) -> None:
        self._sent_at_tick = self._ticks
        self._transmit(self._outbound.protect(packet))
