import random
from contextlib import suppress
from pathlib import Path

import pytest
from aioice.candidate import Candidate
from aiortc import RTCIceParameters
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.sdp import SessionDescription

from bot.peer import sdp
from bot.peer.offer_text import MAX_CANDIDATES, MAX_LINES, OfferError
from wire.constants import MAX_SDP_CHARS
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
    assert offer.level_id == 1
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
        (CHROMIUM.replace("a=rtpmap:111", "a=rtpmap:300"), "no Opus"),
        (CHROMIUM.replace("a=sctp-port:5000", "a=sctp-port:99999"), "sctp-port"),
        (CHROMIUM + VIDEO * 20, "media sections"),
        (CHROMIUM + "a=x\r\n" * 1000, "1000 lines"),
        (CHROMIUM + "a=x:" + "y" * 1000 + "\r\n", "1000 characters"),
        (CHROMIUM + ("a=x:" + "y" * 900 + "\r\n") * 40, "32768 characters"),
    ],
)
def test_it_refuses_an_offer_it_cannot_answer(text: str, complaint: str) -> None:
    with pytest.raises(OfferError, match=complaint):
        sdp.read_offer(text)


def filled(line: str, section: str) -> str:
    """Chromium's offer, and as many of ``line`` in this section as an offer may have."""
    room = MAX_SDP_CHARS - len(CHROMIUM)
    lines = MAX_LINES - len(CHROMIUM.splitlines())
    filling = (line + "\r\n") * min(lines // len(line.splitlines()), room // (len(line) + 2))
    audio, data = CHROMIUM.split("m=application")
    if section == "audio":
        return f"{audio}{filling}m=application{data}"
    return CHROMIUM + filling


@pytest.mark.parametrize(
    "line",
    [
        "a=rtcp-fb:* nack",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10",
        "a=ssrc:1 cname:x",
        "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host",
        "a=fingerprint:sha-256 AB:CD",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=ssrc-group:FID 1 2",
        "a=sctpmap:1 x",
        "a=x\u2028a=rtcp-fb:* nack",  # a line separator, for Python
    ],
)
@pytest.mark.parametrize("section", ["audio", "application"])
def test_the_parser_gets_few_lines_whatever_is_offered(
    line: str, section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of aiortc's parser grows with the square of their number."""
    read: list[str] = []
    parse = SessionDescription.parse

    def spied(text: str) -> SessionDescription:
        read.extend(text.splitlines())
        return parse(text)

    monkeypatch.setattr(SessionDescription, "parse", spied)
    sdp.read_offer(filled(line, section))
    assert len(read) <= 2 * MAX_CANDIDATES


def test_a_real_offer_may_carry_many_candidates() -> None:
    line = "a=candidate:1 1 udp 2122194687 192.0.2.2 37208 typ host generation 0 network-id 1\r\n"
    offer = sdp.read_offer(GATHERED.replace("a=ice-ufrag", line * 60 + "a=ice-ufrag"))
    assert len(offer.candidates) == 2 * MAX_CANDIDATES
    assert offer.ufrag == "8/wF"


def test_what_the_bot_does_not_read_cannot_make_it_refuse() -> None:
    unread = (
        "a=rtpmap:x\r\na=extmap:1 urn:x y z\r\na=rtcp:x\r\na=msid\r\na=fmtp\r\na=ssrc-group:x y\r\n"
    )
    before = sdp.read_offer(CHROMIUM)
    after = sdp.read_offer(CHROMIUM.replace("m=application", unread + "m=application"))
    assert (after.shape, after.ufrag, after.ssrc) == (before.shape, before.ufrag, before.ssrc)


def test_mutated_offers_are_read_or_refused() -> None:
    dice = random.Random(8866)
    for _ in range(2000):
        text = list(dice.choice([CHROMIUM, GATHERED, FIREFOX, CHROMIUM + VIDEO]))
        for _ in range(dice.randrange(1, 8)):
            at = dice.randrange(len(text))
            text[at : at + dice.choice([0, 1, 30])] = dice.choice(
                ["", "\n", "9" * 50, ":", " ", "-1"]
            )
        with suppress(OfferError):
            sdp.write_answer(sdp.read_offer("".join(text)), MEDIA, 2, ICE, [HOST])


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
