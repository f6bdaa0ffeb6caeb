"""Sender and receiver reports (RFC 3550, 6.4). Browsers compute their statistics from them."""

from aiortc import clock
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    AnyRtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from .packet import FRAME_SAMPLES, AudioPacket
from .rtp import RtpSender

_SDES_CNAME = 1
_NTP_UNITS_PER_S = 65536


class Reporter:
    """Keeps the statistics of one call in both directions, and writes its reports.

    :param cname: the canonical name of the sender (RFC 3550, 6.5.1).
    """

    def __init__(self, sender: RtpSender, cname: str) -> None:
        self.round_trip_s: float | None = None
        """The latest round trip; None until a report has told it."""
        self.fraction_lost: float | None = None
        """Share of our packets that the peer lost between its last two reports, from 0 to 1; None
        before the first."""
        self._sender = sender
        self._cname = cname
        self._remote_ssrc: int | None = None
        self._received = StreamStatistics(clockrate=48000)
        self._last_report: tuple[int, int] | None = None
        """The NTP times of the peer's last sender report: in the report, and of its arrival."""

    def packet_received(self, packet: AudioPacket) -> None:
        """Count a packet. A new SSRC starts new statistics."""
        if packet.ssrc != self._remote_ssrc:
            self._remote_ssrc = packet.ssrc
            self._received = StreamStatistics(clockrate=48000)
            self._last_report = None
        self._received.add(packet)  # type: ignore[arg-type]

    def report_received(self, report: AnyRtcpPacket) -> None:
        """Read a report of the peer's. Blocks about other senders are ignored."""
        if isinstance(report, RtcpSrPacket):
            self._last_report = (_middle(report.sender_info.ntp_timestamp), _now())
        if isinstance(report, RtcpSrPacket | RtcpRrPacket):
            for block in report.reports:
                if block.ssrc == self._sender.ssrc:
                    self._read(block)

    def write(self) -> bytes:
        """Return a sender report with a block on the peer's stream and our CNAME, in one packet."""
        report = RtcpSrPacket(
            ssrc=self._sender.ssrc,
            sender_info=RtcpSenderInfo(
                ntp_timestamp=clock.current_ntp_time(),
                rtp_timestamp=(self._sender.timestamp + FRAME_SAMPLES) & 0xFFFFFFFF,
                packet_count=self._sender.packets_sent & 0xFFFFFFFF,
                octet_count=self._sender.octets_sent & 0xFFFFFFFF,
            ),
            reports=self._blocks(),
        )
        source = RtcpSourceInfo(ssrc=self._sender.ssrc, items=[(_SDES_CNAME, self._cname.encode())])
        return bytes(report) + bytes(RtcpSdesPacket(chunks=[source]))

    def _read(self, block: RtcpReceiverInfo) -> None:
        self.fraction_lost = block.fraction_lost / 256
        if block.lsr:
            units = (_now() - block.lsr - block.dlsr) & 0xFFFFFFFF
            if units < 0x80000000:
                self.round_trip_s = units / _NTP_UNITS_PER_S

    def _blocks(self) -> list[RtcpReceiverInfo]:
        if self._remote_ssrc is None or self._received.max_seq is None:
            return []
        lsr, arrived = self._last_report or (0, 0)
        return [
            RtcpReceiverInfo(
                ssrc=self._remote_ssrc,
                fraction_lost=self._received.fraction_lost,
                packets_lost=self._received.packets_lost,
                highest_sequence=self._received.cycles + self._received.max_seq & 0xFFFFFFFF,
                jitter=min(self._received.jitter, 0xFFFFFFFF),
                lsr=lsr,
                dlsr=(_now() - arrived) & 0xFFFFFFFF if lsr else 0,
            )
        ]


def _middle(ntp: int) -> int:
    """Return the middle 32 bits of an NTP timestamp, in 1/65536 s: the unit of LSR and DLSR."""
    return (ntp >> 16) & 0xFFFFFFFF


def _now() -> int:
    return _middle(clock.current_ntp_time())
