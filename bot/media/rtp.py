"""RTP for one stream of encoded Opus each way (RFC 3550, RFC 7587)."""

import struct
from collections.abc import Callable

from aiortc.utils import random16, random32

from .packet import FRAME_SAMPLES, AudioPacket

_HEADER = struct.Struct("!BBHII")
_VERSION_2 = 0x80
_MARKER = 0x80
_PADDING = 0x20
_EXTENSION = 0x10
_EXTENSION_HEADER = struct.Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE


def parse_audio(data: bytes, payload_type: int, level_id: int) -> AudioPacket | None:
    """What a packet of this payload type brings; None where it is of another, or empty.

    Parsed here, as aiortc's parser builds objects that take longer than everything else a forwarded
    packet needs.

    :param level_id: of the negotiated audio-level extension (RFC 6464); 0 where there is none.
    :raises ValueError: where the packet is malformed.
    """
    if len(data) < _HEADER.size:
        raise ValueError("shorter than an RTP header")
    flags, kind, sequence_number, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags & 0xC0 != _VERSION_2:
        raise ValueError("not RTP, version 2")
    if kind & 0x7F != payload_type:
        return None
    start = _HEADER.size + 4 * (flags & 0x0F)
    level = None
    if flags & _EXTENSION:
        if len(data) < start + _EXTENSION_HEADER.size:
            raise ValueError("its extension is cut off")
        profile, words = _EXTENSION_HEADER.unpack_from(data, start)
        start += _EXTENSION_HEADER.size
        end = start + 4 * words
        if level_id and profile == _ONE_BYTE_PROFILE:
            level = _level(data[start:end], level_id)
        start = end
    end = len(data) - (data[-1] if flags & _PADDING else 0)
    if start > end:
        raise ValueError("longer than it is")
    if start == end:
        return None
    payload = data[start:end]
    return AudioPacket(payload, sequence_number, timestamp, level, kind >= _MARKER, ssrc)


def _level(elements: bytes, level_id: int) -> int | None:
    """Among the elements of one-byte headers (RFC 8285, 4.2); dBov, -127 to 0."""
    at = 0
    while at + 1 < len(elements):
        head = elements[at]
        if head >> 4 == level_id:
            return -(elements[at + 1] & 0x7F)
        at += 2 + (head & 0x0F) if head else 1
    return None


class RtpSender:
    """One SSRC whose sequence numbers and timestamps run on across everything it is given.

    What it sends is either played (the next 20 ms of something of ours) or forwarded (a received
    packet, whose gaps in sequence and time are kept so that the far decoder's loss concealment
    and in-band FEC still see them).

    :param transmit: takes each RTP packet, not yet encrypted.
    """

    def __init__(self, ssrc: int, payload_type: int, transmit: Callable[[bytes], None]) -> None:
        self.ssrc = ssrc
        self.packets_sent = 0
        self.octets_sent = 0
        self._payload_type = payload_type
        self._transmit = transmit
        self._sequence_number = random16()
        self._timestamp = random32()
        self._shift: tuple[int, int] | None = None
        self._talking = False

    @property
    def timestamp(self) -> int:
        """RTP timestamp of the latest packet."""
        return self._timestamp

    @property
    def is_forwarding(self) -> bool:
        """Whether the latest packet was a forwarded one."""
        return self._shift is not None

    def play(self, payload: bytes, *, speech: bool = True) -> None:
        """Send the next 20 ms. ``speech`` opens a talkspurt, which the marker bit announces."""
        self._shift = None
        self._send(
            payload,
            (self._sequence_number + 1) & 0xFFFF,
            (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF,
            marker=speech and not self._talking,
        )
        self._talking = speech

    def skip(self) -> None:
        """Leave out the next 20 ms, which were lost before they came here.

        The far decoder conceals them, or finds them in the packet after (in-band FEC).
        """
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF

    def forward(self, packet: AudioPacket) -> None:
        """Send a received packet on: one that is later than those before it."""
        marker = packet.marker or self._shift is None
        if self._shift is None:
            self._shift = (
                self._sequence_number + 1 - packet.sequence_number,
                self._timestamp + FRAME_SAMPLES - packet.timestamp,
            )
        self._talking = True
        self._send(
            packet.payload,
            (packet.sequence_number + self._shift[0]) & 0xFFFF,
            (packet.timestamp + self._shift[1]) & 0xFFFFFFFF,
            marker=marker,
        )

    def _send(self, payload: bytes, sequence_number: int, timestamp: int, *, marker: bool) -> None:
        header = _HEADER.pack(
            _VERSION_2,
            self._payload_type | (_MARKER if marker else 0),
            sequence_number,
            timestamp,
            self.ssrc,
        )
        self.packets_sent += 1
        self.octets_sent += len(payload)
        self._sequence_number, self._timestamp = sequence_number, timestamp
        self._transmit(header + payload)
