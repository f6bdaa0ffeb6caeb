"""Reads a browser's offer and writes the answer, with aiortc's SDP classes (RFC 8829, RFC 8866)."""

from dataclasses import dataclass

from aioice.candidate import Candidate
from aiortc import RTCIceCandidate, RTCIceParameters, RTCRtpCodecParameters, sdp
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcicetransport import candidate_from_aioice, candidate_to_aioice
from aiortc.rtcrtpparameters import ParametersDict, RTCRtpHeaderExtensionParameters
from aiortc.rtcsctptransport import RTCSctpCapabilities
from aiortc.sdp import GroupDescription, MediaDescription, SessionDescription, SsrcDescription

from wire.model import IceCandidate

from .offer_text import AUDIO_LEVEL_URI, OfferError, needed_lines
from .sctp import MAX_MESSAGE_BYTES

SCTP_PORT = 5000

# RFC 7587, 6.1. Speech needs no higher bit rate. In-band FEC hides single losses. Without DTX a
# packet leaves every 20 ms, so both sides notice a dead path at once.
OPUS_PARAMETERS: ParametersDict = {
    "minptime": 10,
    "useinbandfec": 1,
    "usedtx": 0,
    "maxaveragebitrate": 32000,
}


@dataclass(frozen=True)
class Offer:
    """The parts of an offer that the bot uses."""

    sections: tuple[MediaDescription, ...]
    audio: MediaDescription
    data: MediaDescription | None
    opus: RTCRtpCodecParameters
    extensions: tuple[RTCRtpHeaderExtensionParameters, ...]
    """The header extensions that the bot supports as well."""
    ufrag: str
    pwd: str
    is_lite: bool
    """``a=ice-lite``: the peer answers connectivity checks and sends none (RFC 8445, 2.5)."""
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    candidates: tuple[RTCIceCandidate, ...]
    candidates_complete: bool

    @property
    def shape(self) -> tuple[tuple[str, str], ...]:
        """Kind and mid of each section. A later offer of the same call must keep them."""
        return tuple((section.kind, section.rtp.muxId) for section in self.sections)

    @property
    def ssrc(self) -> int | None:
        """The SSRC of its audio; ``None`` if the offer does not say (RFC 5576, 4.1)."""
        return self.audio.ssrc[0].ssrc if self.audio.ssrc else None

    @property
    def level_id(self) -> int:
        """The id of the audio level (RFC 6464); 0 if it is not offered."""
        return next((ext.id for ext in self.extensions if ext.uri == AUDIO_LEVEL_URI), 0)


def read_offer(text: str) -> Offer:
    """Read an offer.

    :raises OfferError: if it is no SDP, is longer than any browser's, or does not offer Opus with
        BUNDLE and rtcp-mux.
    """
    description = _parse(needed_lines(text))
    sections = tuple(description.media)
    bundled = _bundled(description)
    audio = _first(sections, "audio", bundled)
    if audio is None:
        raise OfferError("no audio section")
    data = _first(sections, "application", bundled)
    opus = next((c for c in audio.rtp.codecs if _is_usable(c.payloadType, audio)), None)
    if opus is None:
        raise OfferError("no Opus in the audio section")
    if data is not None and not 0 < (data.sctp_port or SCTP_PORT) < 65536:
        raise OfferError("no usable sctp-port")
    if not audio.rtcp_mux:
        raise OfferError("rtcp-mux is required")
    if not {section.rtp.muxId for section in (audio, data) if section} <= bundled:
        raise OfferError("audio and data must be in one BUNDLE group")
    ufrag, pwd = _credentials(audio)
    return Offer(
        sections=sections,
        audio=audio,
        data=data,
        opus=opus,
        extensions=tuple(audio.rtp.headerExtensions),
        ufrag=ufrag,
        pwd=pwd,
        is_lite=audio.ice is not None and audio.ice.iceLite,
        fingerprints=_fingerprints(audio),
        candidates=tuple(c for section in sections for c in section.ice_candidates),
        candidates_complete=any(section.ice_candidates_complete for section in sections),
    )


def _parse(lines: list[str]) -> SessionDescription:
    try:
        return SessionDescription.parse("\r\n".join(lines))
    except Exception as exc:  # noqa: BLE001
        # aiortc's parser asserts, indexes and unpacks: hostile input can raise any exception.
        raise OfferError(f"not an SDP: {type(exc).__name__}") from None


def _is_usable(payload_type: int | None, audio: MediaDescription) -> bool:
    """Whether it is offered, and has 7 bits as in an RTP header (RFC 3550, 5.1)."""
    return payload_type in audio.fmt and payload_type in range(128)


def _bundled(description: SessionDescription) -> set[str]:
    return {
        str(mid) for group in description.group if group.semantic == "BUNDLE" for mid in group.items
    }


def _first(
    sections: tuple[MediaDescription, ...], kind: str, bundled: set[str]
) -> MediaDescription | None:
    """The first enabled section of a kind.

    Port zero disables a section, unless it is in a group: then it is bundle-only (RFC 9143, 6), as
    Firefox offers its data channel (docs/browsers.md#firefox-bundle-only).
    """
    return next(
        (s for s in sections if s.kind == kind and (s.port != 0 or s.rtp.muxId in bundled)), None
    )


def _credentials(audio: MediaDescription) -> tuple[str, str]:
    ice = audio.ice or RTCIceParameters()
    ufrag, pwd = ice.usernameFragment, ice.password
    if not ufrag or not 4 <= len(ufrag) <= 256 or not pwd or not 22 <= len(pwd) <= 256:
        raise OfferError("no usable ice-ufrag and ice-pwd (RFC 8839, 5.4)")
    return ufrag, pwd


def _fingerprints(audio: MediaDescription) -> tuple[RTCDtlsFingerprint, ...]:
    if audio.dtls is None or not audio.dtls.fingerprints:
        raise OfferError("no DTLS fingerprint and setup")
    if audio.dtls.role == "server":
        raise OfferError("a=setup must be actpass or active in an offer")
    return tuple(audio.dtls.fingerprints)


@dataclass(frozen=True)
class LocalMedia:
    """The part of the answer that stays the same for the whole call."""

    session_id: int
    ssrc: int
    cname: str
    fingerprints: tuple[RTCDtlsFingerprint, ...]


def write_answer(
    offer: Offer,
    media: LocalMedia,
    version: int,
    ice: RTCIceParameters,
    candidates: list[Candidate],
) -> str:
    """Write the answer to ``offer``: its audio with Opus, its data channel, and nothing else."""
    accepted = [s for s in offer.sections if s in (offer.audio, offer.data)]
    answer = SessionDescription()
    answer.origin = f"- {media.session_id} {version} IN IP4 127.0.0.1"
    for section in offer.sections:
        if section is offer.audio:
            ours = _audio_section(offer, media)
        elif section is offer.data:
            ours = _data_section(section)
        else:
            answer.media.append(_rejected_section(section))
            continue
        ours.host = "0.0.0.0"
        ours.ice = ice
        ours.ice_options = "trickle"
        ours.dtls = RTCDtlsParameters(fingerprints=list(media.fingerprints), role="server")
        if section is accepted[0]:
            ours.ice_candidates = [_signalled(candidate) for candidate in candidates]
        answer.media.append(ours)
    answer.group = [GroupDescription("BUNDLE", [section.rtp.muxId for section in accepted])]
    answer.msid_semantic = [GroupDescription("WMS", ["*"])]
    return str(answer)


def _audio_section(offer: Offer, media: LocalMedia) -> MediaDescription:
    opus = RTCRtpCodecParameters(
        mimeType="audio/opus",
        clockRate=48000,
        channels=2,
        payloadType=offer.opus.payloadType,
        parameters=dict(OPUS_PARAMETERS),
    )
    ours = MediaDescription("audio", 9, "UDP/TLS/RTP/SAVPF", [opus.payloadType])
    ours.direction = "sendrecv"
    ours.rtp.muxId = offer.audio.rtp.muxId
    ours.rtp.codecs = [opus]
    ours.rtp.headerExtensions = list(offer.extensions)
    ours.rtcp_port, ours.rtcp_host, ours.rtcp_mux = 9, "0.0.0.0", True
    ours.msid = "bot bot-audio"
    ours.ssrc = [SsrcDescription(ssrc=media.ssrc, cname=media.cname)]
    return ours


def _data_section(section: MediaDescription) -> MediaDescription:
    ours = MediaDescription("application", 9, section.profile, section.fmt)
    ours.rtp.muxId = section.rtp.muxId
    ours.sctp_port = SCTP_PORT
    ours.sctpCapabilities = RTCSctpCapabilities(maxMessageSize=MAX_MESSAGE_BYTES)
    return ours


def _rejected_section(section: MediaDescription) -> MediaDescription:
    """Refuse a section with port zero. It keeps its place and its formats (RFC 3264, 6).

    It has an address too, because Firefox wants one (docs/browsers.md#firefox-address-line).
    """
    ours = MediaDescription(section.kind, 0, section.profile, section.fmt)
    ours.host = "0.0.0.0"
    ours.rtp.muxId = section.rtp.muxId
    ours.ice = RTCIceParameters()
    return ours


def read_candidate(signalled: IceCandidate) -> Candidate | None:
    """Read a trickled candidate.

    :returns: ``None`` for a candidate that the bot cannot use (TCP, another component).
    :raises ValueError: if it is malformed (RFC 8839, 5.1).
    """
    text = signalled.candidate.removeprefix("candidate:")
    try:
        parsed = sdp.candidate_from_sdp(text)
    except (AssertionError, IndexError) as exc:
        raise ValueError("not a candidate line") from exc
    return usable(parsed)


def usable(candidate: RTCIceCandidate) -> Candidate | None:
    if candidate.protocol.lower() != "udp" or candidate.component != 1:
        return None
    return candidate_to_aioice(candidate)


def signalled_candidate(candidate: Candidate, ufrag: str) -> IceCandidate:
    """A candidate of the bot's, as the page passes it to ``addIceCandidate``."""
    return IceCandidate(
        candidate="candidate:" + sdp.candidate_to_sdp(_signalled(candidate)),
        sdp_mid=None,
        sdp_m_line_index=0,
        username_fragment=ufrag,
    )


def _signalled(candidate: Candidate) -> RTCIceCandidate:
    return candidate_from_aioice(candidate)
