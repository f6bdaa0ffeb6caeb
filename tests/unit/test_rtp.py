import contextlib
import random
from typing import Any

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    HeaderExtensions,
    HeaderExtensionsMap,
    RtcpPacket,
    RtcpRrPacket,
    RtcpSrPacket,
    RtpPacket,
)

from bot.media.packet import AudioPacket
from bot.media.rtcp import Reporter
from bot.media.rtp import RtpSender, parse_audio

pytestmark = pytest.mark.unit

SSRC = 1234


class Wire:
    """The packets that left the sender, parsed."""

    def __init__(self) -> None:
        self.packets: list[RtpPacket] = []
        self.sender = RtpSender(SSRC, 111, lambda data: self.packets.append(RtpPacket.parse(data)))

    def steps(self) -> list[tuple[int, int]]:
        """The step in sequence number and in timestamp from each packet to the next."""
        return [
            (
                (b.sequence_number - a.sequence_number) & 0xFFFF,
                (b.timestamp - a.timestamp) & 0xFFFFFFFF,
            )
            for a, b in zip(self.packets, self.packets[1:], strict=False)
        ]


def received(number: int, payload: bytes = b"voice") -> AudioPacket:
    """The ``number``-th packet of a peer whose counters are about to wrap around."""
    return AudioPacket(
        payload=payload,
        sequence_number=(65530 + number) & 0xFFFF,
        timestamp=(0xFFFFF000 + 960 * number) & 0xFFFFFFFF,
        level=-20,
    )


def as_received(sent: RtpPacket) -> AudioPacket:
    return AudioPacket(
        sent.payload, sent.sequence_number, sent.timestamp, level=None, ssrc=sent.ssrc
    )


LEVEL_ID = 3


def packet(**fields: Any) -> RtpPacket:
    made = RtpPacket(payload_type=111, sequence_number=7, timestamp=960, ssrc=SSRC)
    made.payload = b"voice"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def extensions() -> HeaderExtensionsMap:
    found = HeaderExtensionsMap()
    for number, name in ((1, "sdes:mid"), (LEVEL_ID, "ssrc-audio-level")):
        uri = f"urn:ietf:params:rtp-hdrext:{name}"
        extension = RTCRtpHeaderExtensionParameters(id=number, uri=uri)
        found.configure(RTCRtpParameters(headerExtensions=[extension]))
    return found


@pytest.mark.parametrize(
    "sent",
    [
        packet(),
        packet(marker=1),
        packet(csrc=[1, 2, 3]),
        packet(padding_size=4),
        packet(extensions=HeaderExtensions(audio_level=(True, 42))),
        packet(extensions=HeaderExtensions(mid="audio0", audio_level=(False, 127)), csrc=[9]),
        packet(extensions=HeaderExtensions(mid="0")),
    ],
)
def test_a_packet_is_read_as_aiortc_reads_it(sent: RtpPacket) -> None:
    data = sent.serialize(extensions())
    level = sent.extensions.audio_level
    assert parse_audio(data, 111, LEVEL_ID) == AudioPacket(
        b"voice", 7, 960, None if level is None else -level[1], bool(sent.marker), SSRC
    )
    assert parse_audio(data, 110, LEVEL_ID) is None


def test_an_empty_packet_is_ignored() -> None:
    assert parse_audio(packet(payload=b"").serialize(), 111, LEVEL_ID) is None


def test_a_malformed_packet_raises_value_error_and_nothing_else() -> None:
    rng = random.Random(7285)
    good = packet(extensions=HeaderExtensions(audio_level=(True, 42))).serialize(extensions())
    for _ in range(20_000):
        data = bytearray(good[: rng.randrange(len(good) + 1)])
        for _ in range(rng.randrange(4)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        with contextlib.suppress(ValueError):
            parse_audio(bytes(data), 111, LEVEL_ID)


def test_played_and_forwarded_packets_are_one_stream() -> None:
    wire = Wire()
    wire.sender.play(b"greeting")
    wire.sender.forward(received(0))
    wire.sender.forward(received(1))
    wire.sender.play(b"silence", speech=False)
    wire.sender.forward(received(40))
    assert wire.steps() == [(1, 960)] * 4
    assert {packet.ssrc for packet in wire.packets} == {SSRC}
    assert [p.payload for p in wire.packets][1:3] == [b"voice", b"voice"]


def test_the_stream_runs_on_when_the_peers_counters_wrap() -> None:
    wire = Wire()
    for number in range(70_000):
        wire.sender.forward(received(number))
    assert wire.steps() == [(1, 960)] * 69_999


def test_a_loss_on_the_way_in_is_seen_as_a_loss_on_the_way_out() -> None:
    wire = Wire()
    for number in (0, 1, 4):
        wire.sender.forward(received(number))
    assert wire.steps() == [(1, 960), (3, 3 * 960)]


def test_a_skipped_frame_leaves_a_gap() -> None:
    wire = Wire()
    wire.sender.play(b"x")
    wire.sender.skip()
    wire.sender.play(b"y")
    assert wire.steps() == [(2, 2 * 960)]


def test_the_marker_announces_each_talkspurt() -> None:
    wire = Wire()
    for speech in (True, True, False, False, True):
        wire.sender.play(b"x", speech=speech)
    assert [packet.marker for packet in wire.packets] == [1, 0, 0, 0, 1]


def test_the_round_trip_is_computed_from_two_reports() -> None:
    """The peer's report repeats the time of ours (LSR) and its delay (DLSR): RFC 3550, 6.4.1."""
    here, there = Wire(), Wire()
    here.sender.play(b"x")
    ours, theirs = Reporter(here.sender, "here"), Reporter(there.sender, "there")
    theirs.packet_received(as_received(here.packets[0]))
    for report in RtcpPacket.parse(ours.write()):
        theirs.report_received(report)
    for report in RtcpPacket.parse(theirs.write()):
        ours.report_received(report)
    assert ours.round_trip_s is not None
    assert 0 <= ours.round_trip_s < 1
    assert ours.fraction_lost == 0


def test_lost_packets_are_reported() -> None:
    there, here = Wire(), Wire()
    reporter = Reporter(here.sender, "here")
    for number in (0, 1, 2, 5, 6, 7):
        there.sender.forward(received(number))
    for packet in there.packets:
        reporter.packet_received(as_received(packet))
    report = RtcpPacket.parse(reporter.write())[0]
    assert isinstance(report, RtcpSrPacket)
    assert report.reports[0].packets_lost == 2
    assert report.reports[0].fraction_lost == (2 << 8) // 8


def test_reports_about_other_senders_are_ignored() -> None:
    here = Wire()
    reporter = Reporter(here.sender, "here")
    reporter.report_received(RtcpRrPacket(ssrc=1, reports=[]))
    assert reporter.round_trip_s is None


def test_a_report_is_written_whatever_the_timestamps_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their jitter is more than a report has room for, when the pauses add to it."""
    now = 1e9
    monkeypatch.setattr("aiortc.rtcrtpreceiver.time.time", lambda: now)
    reporter = Reporter(Wire().sender, "bot")
    for number in range(400):
        now += 2 if number % 2 == 0 else 0.02
        timestamp = 0xFFFFFFFF * (number % 2)
        reporter.packet_received(AudioPacket(b"x", number, timestamp, None))
        assert reporter.write()
