"""The audio of one call: decrypts what arrives for the voice, and encrypts what the voice says."""

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
from .ssrcs import Ssrcs
from .voice import Voice

log = logging.getLogger("voicedemo.audio")

TICKS_PER_REPORT = 50
"""One RTCP report a second."""
FORWARD_GAP_TICKS = 5
"""While packets are forwarded, silence is sent only after this many ticks without one."""
LISTENS_ONLY_TICKS = 25
"""A peer that has sent nothing by then is one that only listens."""


class AudioStream:
    """Carries the audio of one call in both directions. It sends a packet every 20 ms.

    :param srtp: the inbound and the outbound session.
    :param transmit: called with each encrypted packet; must not raise if there is no path.
    :param remote_ssrc: the SSRC that the peer's offer names; None if it names none.
    :param cname: the canonical name in RTCP reports (RFC 3550, 6.5.1).
    :param level_id: id of the negotiated audio-level extension; 0 if there is none.
    :param make_voice: makes the voice that listens to this call and speaks in it.
    """

    def __init__(
        self,
        srtp: tuple[Session, Session],
        transmit: Callable[[bytes], None],
        *,
        ssrc: int,
        remote_ssrc: int | None,
        payload_type: int,
        cname: str,
        level_id: int,
        make_voice: Callable[[RtpSender], Voice],
    ) -> None:
        self._inbound, self._outbound = srtp
        self._transmit = transmit
        self._ssrcs = Ssrcs(remote_ssrc)
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
        """Take an SRTP or SRTCP packet from any path.

        :returns: whether it was authentic and well-formed. If not, it has been dropped.
        """
        is_rtcp = _is_rtcp(data)
        ssrc = int.from_bytes(data[4:8] if is_rtcp else data[8:12])
        if not self._ssrcs.admits(ssrc):
            return False
        try:
            if is_rtcp:
                plain = self._inbound.unprotect_rtcp(data)
                self._ssrcs.add(ssrc)
                self._receive_rtcp(plain)
            else:
                plain = self._inbound.unprotect(data)
                self._ssrcs.add(ssrc)
                self._receive_rtp(plain)
        except (pylibsrtp.Error, ValueError, IndexError, struct.error) as exc:
            log.debug("packet dropped: %s", exc)
            return False
        return True

    @property
    def is_in_pause(self) -> bool:
        """Whether neither the bot nor the person is saying something."""
        return self._voice.is_in_pause

    def snapshot(self) -> bytes:
        """What the voice knows: see :meth:`bot.media.voice.Voice.snapshot`."""
        return self._voice.snapshot()

    def end(self) -> None:
        """End the voice. The stream is not used after this."""
        self._voice.end()

    def tick(self) -> None:
        """Send the next 20 ms: of the voice, or of silence.

        Silence is sent because both sides take a gap in the packets for a dead path.
        """
        self._ticks += 1
        frame = self._voice.next_frame() if self._can_be_heard else None
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
    def _can_be_heard(self) -> bool:
        """Whether the peer can decrypt what the voice says.

        Our side of the DTLS handshake may end a round trip before the peer's. What is said in
        between is lost, and that would be the first word of the greeting. A peer that sends
        packets has finished; one that only listens gets :data:`LISTENS_ONLY_TICKS` to finish.
        """
        return self.packets_received > 0 or self._ticks > LISTENS_ONLY_TICKS

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


def _is_rtcp(data: bytes) -> bool:
    """Whether it is SRTCP, not SRTP (RFC 5761, 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223
