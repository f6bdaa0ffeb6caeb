"""The SDP of the probe's offers, and what it reads of the answers (RFC 8829)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aioice.candidate import Candidate
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.sdp import SessionDescription

PAYLOAD_TYPE: Final = 111
LEVEL_EXTENSION: Final = 1


@dataclass(frozen=True)
class Credentials:
    """The ICE credentials of one generation."""

    ufrag: str
    pwd: str


@dataclass(frozen=True)
class Answer:
    """What the probe needs of an answer."""

    credentials: Credentials
    dtls: RTCDtlsParameters
    candidates: tuple[Candidate, ...]


def write(
    generation: int,
    ssrc: int,
    fingerprint: RTCDtlsFingerprint,
    ice: Credentials,
    candidates: Iterable[Candidate],
) -> str:
    """An offer of one audio stream, in mid-call one that restarts ICE.

    :param candidates: those that are known; the others are trickled.
    """
    lines = [
        "v=0",
        f"o=- 1 {generation} IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        f"m=audio 9 UDP/TLS/RTP/SAVPF {PAYLOAD_TYPE}",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        f"a=extmap:{LEVEL_EXTENSION} urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        f"a=rtpmap:{PAYLOAD_TYPE} opus/48000/2",
        f"a=fmtp:{PAYLOAD_TYPE} minptime=10;useinbandfec=1",
        f"a=ssrc:{ssrc} cname:probe",
        f"a=ice-ufrag:{ice.ufrag}",
        f"a=ice-pwd:{ice.pwd}",
        "a=ice-options:trickle",
        f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}",
        "a=setup:actpass",
        *(f"a=candidate:{candidate.to_sdp()}" for candidate in candidates),
    ]
    return "\r\n".join(lines) + "\r\n"


def read(sdp: str) -> Answer:
    """Read an answer.

    :raises ValueError: it has no ICE credentials or no DTLS fingerprint.
    """
    audio = SessionDescription.parse(sdp).media[0]
    if not audio.ice or not audio.ice.usernameFragment or not audio.ice.password or not audio.dtls:
        raise ValueError("the answer has no ICE credentials or no fingerprint")
    lines = sdp.splitlines()
    prefix = "a=candidate:"
    return Answer(
        Credentials(audio.ice.usernameFragment, audio.ice.password),
        audio.dtls,
        tuple(Candidate.from_sdp(x.removeprefix(prefix)) for x in lines if x.startswith(prefix)),
    )
