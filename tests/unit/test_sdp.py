from pathlib import Path

import pytest
from aioice.candidate import Candidate
from aiortc import RTCIceParameters
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.sdp import SessionDescription

from bot.peer import sdp
from wire.model import IceCandidate

pytestmark = pytest.mark.unit

FIXTURES = Path(__file__).parents[1] / "fixtures"
CHROMIUM = (FIXTURES / "chromium.sdp").read_bytes().decode()
GATHERED = (FIXTURES / "chromium-gathered.sdp").read_bytes().decode()
FIREFOX = (FIXTURES / "firefox.sdp").read_bytes().decode()
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=rtcp-mux\r\n"
    "a=sendrecv\r\na=rtpmap:96 VP8/90000\r\na=ice-ufrag:abcd\r\na=ice-pwd:" + "p" * 22 + "\r\n"
)
FINGERPRINT = RTCDtlsFingerprint("sha-256", "AB:CD")
MEDIA = sdp.LocalMedia(session_id=1, ssrc=1234, cname="c", fingerprints=(FINGERPRINT,))
ICE = RTCIceParameters("ufrg", "p" * 22)
HOST = Candidate.from_sdp("1 1 udp 2130706431 192.0.2.1 5000 typ host")


def answer_to(text: str) -> SessionDescription:
    return SessionDescription.parse(sdp.write_answer(sdp.read_offer(text), MEDIA, 2, ICE, [HOST]))


def test_it_reads_chromiums_offer() -> None:
    offer = sdp.read_offer(CHROMIUM)
    assert offer.opus.payloadType == 111
    assert offer.shape == (("audio", "0"), ("application", "1"))
    assert offer.extension_id(sdp.AUDIO_LEVEL_URI) == 1
    assert not offer.candidates


def test_it_takes_firefoxs_bundle_only_data_channel() -> None:
    audio, data = answer_to(FIREFOX).media
    assert audio.rtp.codecs[0].payloadType == 109
    assert data.port == 9
    assert data.sctp_port == 5000


def test_a_lite_peer_is_known_by_its_offer() -> None:
    assert not sdp.read_offer(CHROMIUM).is_lite
    assert sdp.read_offer(CHROMIUM.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n")).is_lite


def test_every_section_of_an_answer_has_an_address() -> None:
    offer = CHROMIUM + VIDEO
    answer = sdp.write_answer(sdp.read_offer(offer), MEDIA, 2, ICE, [HOST])
    assert answer.count("c=IN IP4") == answer.count("m=")


def test_it_reads_the_candidates_of_a_gathered_offer() -> None:
    candidates = sdp.read_offer(GATHERED).candidates
    assert [c.protocol for c in candidates] == ["udp", "udp", "tcp", "tcp"]
    assert [sdp.usable(c) is not None for c in candidates] == [True, True, False, False]


def test_the_answer_takes_opus_and_nothing_else() -> None:
    audio, data = answer_to(CHROMIUM).media
    assert [str(codec) for codec in audio.rtp.codecs] == ["opus/48000/2"]
    assert audio.rtp.codecs[0].parameters["useinbandfec"] == 1
    assert audio.rtp.codecs[0].parameters["usedtx"] == "0"
    assert int(str(audio.rtp.codecs[0].parameters["maxaveragebitrate"])) == 32000
    assert (audio.direction, audio.rtcp_mux) == ("sendrecv", True)
    assert data.sctp_port == 5000


def test_the_answer_has_our_ice_and_takes_the_passive_dtls_role() -> None:
    for section in answer_to(CHROMIUM).media:
        assert section.ice and section.dtls
        assert section.ice.usernameFragment == "ufrg"
        assert section.dtls.role == "server"
        assert section.dtls.fingerprints == [FINGERPRINT]
    assert [len(s.ice_candidates) for s in answer_to(CHROMIUM).media] == [1, 0]


def test_a_video_section_is_refused_in_its_place() -> None:
    sections = answer_to(CHROMIUM + VIDEO).media
    assert [(s.kind, s.port) for s in sections] == [("audio", 9), ("application", 9), ("video", 0)]
    assert answer_to(CHROMIUM + VIDEO).group[0].items == ["0", "1"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("garbage", "no audio"),
        ("m=audio x y z", "not an SDP"),
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 200000\r\n", "not an SDP"),
        (CHROMIUM.replace("m=audio", "m=video", 1), "no audio"),
        (CHROMIUM.replace("opus/48000", "L16/48000"), "no Opus"),
        (CHROMIUM.replace("a=rtcp-mux\r\n", ""), "rtcp-mux"),
        (CHROMIUM.replace("a=group:BUNDLE 0 1\r\n", ""), "BUNDLE"),
        (CHROMIUM.replace("a=ice-pwd:", "a=x:"), "ice-ufrag"),
        (CHROMIUM.replace("a=fingerprint:", "a=x:"), "fingerprint"),
        (CHROMIUM.replace("a=setup:actpass", "a=setup:passive"), "setup"),
        (CHROMIUM + VIDEO * 20, "media sections"),
    ],
)
def test_it_refuses_an_offer_it_cannot_answer(text: str, complaint: str) -> None:
    with pytest.raises(sdp.OfferError, match=complaint):
        sdp.read_offer(text)


def test_a_trickled_candidate_is_read() -> None:
    candidate = sdp.read_candidate(
        IceCandidate(candidate="candidate:1 1 udp 2122194687 192.0.2.2 37208 typ host")
    )
    assert candidate is not None
    assert (candidate.host, candidate.port, candidate.type) == ("192.0.2.2", 37208, "host")


@pytest.mark.parametrize("line", ["", "candidate:", "candidate:1 1 udp", "x y z 1 2 3 4 5"])
def test_a_malformed_candidate_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        sdp.read_candidate(IceCandidate(candidate=line))


def test_our_candidate_is_signalled_with_its_ufrag() -> None:
    signalled = sdp.signalled_candidate(HOST, "ufrg")
    assert signalled.username_fragment == "ufrg"
    assert signalled.candidate == "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"
