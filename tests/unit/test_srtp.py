"""The audio of a call whose peer, or a stranger, sends packets that it should not."""

import os
import struct
from contextlib import suppress

import pylibsrtp
import pytest
from aiortc.rtcdtlstransport import SRTP_PROFILES, SRTPProtectionProfile
from aiortc.rtp import RtcpRrPacket
from pylibsrtp import Policy, Session

from bot.media.packet import AudioPacket
from bot.media.ssrcs import MAX_SSRCS
from bot.media.stream import AudioStream
from bot.media.voice import Voice

pytestmark = pytest.mark.unit

OFFERED = 77
PAYLOAD_TYPE = 111
ANY_IN, ANY_OUT = Policy.SSRC_ANY_INBOUND, Policy.SSRC_ANY_OUTBOUND


class Listener(Voice):
    """A voice that keeps the SSRCs that it hears, and says nothing."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def hear(self, packet: AudioPacket) -> None:
        self.heard.append(packet.ssrc)

    def next_frame(self) -> bytes | None:
        return None

    def end(self) -> None:
        pass


class Call:
    """An audio stream, its peer's keys, and the keys of somebody else."""

    def __init__(self, profile: SRTPProtectionProfile) -> None:
        self._profile = profile
        key = self._new_key()
        self.inbound = self._session(key, ANY_IN)
        self.peer = self._session(key, ANY_OUT)
        self.stranger = self._session(self._new_key(), ANY_OUT)
        self.voice = Listener()
        self.stream = AudioStream(
            (self.inbound, self._session(key, ANY_OUT)),
            lambda data: None,
            ssrc=1,
            remote_ssrc=OFFERED,
            payload_type=PAYLOAD_TYPE,
            cname="bot",
            level_id=0,
            make_voice=lambda sender: self.voice,
        )

    def streams(self, ssrcs: range) -> int:
        """How many of these SSRCs libsrtp keeps a stream for. They are gone afterwards."""
        found = 0
        for ssrc in ssrcs:
            with suppress(pylibsrtp.Error):
                self.inbound.remove_stream(ssrc)
                found += 1
        return found

    def _new_key(self) -> bytes:
        return os.urandom(self._profile.key_length + self._profile.salt_length)

    def _session(self, key: bytes, kind: int) -> Session:
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=self._profile.libsrtp_profile)
        policy.allow_repeat_tx = True
        policy.window_size = 1024
        return Session(policy)


@pytest.fixture(params=SRTP_PROFILES, ids=lambda profile: profile.openssl_profile.decode())
def call(request: pytest.FixtureRequest) -> Call:
    return Call(request.param)


def rtp(ssrc: int, number: int = 0) -> bytes:
    return struct.pack("!BBHII", 0x80, PAYLOAD_TYPE, number, 960 * number, ssrc) + b"audio"


def test_few_ssrcs_of_a_peer_get_a_stream(call: Call) -> None:
    """Otherwise libsrtp searches as many streams for each packet as the peer has made up."""
    for ssrc in range(1000, 1200):
        call.stream.receive(call.peer.protect(rtp(ssrc)))
        call.stream.receive(call.peer.protect_rtcp(bytes(RtcpRrPacket(ssrc=5000 + ssrc))))
    assert call.stream.receive(call.peer.protect(rtp(OFFERED)))
    assert call.voice.heard[-1] == OFFERED
    assert call.streams(range(10_000)) == MAX_SSRCS


def test_a_peer_may_change_its_ssrc(call: Call) -> None:
    for ssrc in (OFFERED, 1000, 1001):
        assert call.stream.receive(call.peer.protect(rtp(ssrc)))
    assert call.stream.receive(call.peer.protect_rtcp(bytes(RtcpRrPacket(ssrc=1))))
    assert call.voice.heard == [OFFERED, 1000, 1001]


def test_forged_packets_take_no_place_from_authentic_ones(call: Call) -> None:
    for ssrc in range(1000, 1200):
        assert not call.stream.receive(call.stranger.protect(rtp(ssrc)))
        assert not call.stream.receive(call.stranger.protect_rtcp(bytes(RtcpRrPacket(ssrc=ssrc))))
    assert not call.stream.receive(call.stranger.protect(rtp(OFFERED)))
    assert call.streams(range(10_000)) == 0
    for ssrc in (2000, 2001, 2002, OFFERED):
        assert call.stream.receive(call.peer.protect(rtp(ssrc)))


def test_a_replayed_packet_is_not_authentic(call: Call) -> None:
    packet = call.peer.protect(rtp(OFFERED))
    report = call.peer.protect_rtcp(bytes(RtcpRrPacket(ssrc=OFFERED)))
    assert [call.stream.receive(packet) for _ in range(3)] == [True, False, False]
    assert [call.stream.receive(report) for _ in range(3)] == [True, False, False]
    assert call.voice.heard == [OFFERED]


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\xc8", b"\x80\x6f" + bytes(9), bytes(2000)])
def test_a_packet_of_any_length_is_dropped(data: bytes, call: Call) -> None:
    assert not call.stream.receive(data)
