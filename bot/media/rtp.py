"""RTP with one stream of Opus in each direction (RFC 3550, RFC 7587)."""

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
    """Parse an RTP packet. Return None if it has another payload type or an empty payload.

    aiortc's parser is not used, because it takes longer than everything else that a forwarded
    packet needs.

    :param data: the packet, decrypted.
    :param level_id: id of the negotiated audio-level extension (RFC 6464); 0 if there is none.
    :raises ValueError: the packet is malformed.
    """
    if len(data) < _HEADER.size:
        raise ValueError("packet is shorter than an RTP header")
    flags, kind, sequence_number, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags & 0xC0 != _VERSION_2:
        raise ValueError("packet is not RTP version 2")
    if kind & 0x7F != payload_type:
        return None
    start = _HEADER.size + 4 * (flags & 0x0F)
    level = None
    if flags & _EXTENSION:
        if len(data) < start + _EXTENSION_HEADER.size:
            raise ValueError("header extension runs past the end of the packet")
        profile, words = _EXTENSION_HEADER.unpack_from(data, start)
        start += _EXTENSION_HEADER.size
        end = start + 4 * words
        if level_id and profile == _ONE_BYTE_PROFILE:
            level = _level(data[start:end], level_id)
        start = end
    end = len(data) - (data[-1] if flags & _PADDING else 0)
    if start > end:
        raise ValueError("header or padding runs past the end of the packet")
    if start == end:
        return None
    payload = data[start:end]
    return AudioPacket(payload, sequence_number, timestamp, level, kind >= _MARKER, ssrc)


def _level(elements: bytes, level_id: int) -> int | None:
    """Find the audio level among extension elements with one-byte headers (RFC 8285, 4.2).

    :returns: dBov, from -127 to 0; None if no element has this id.
    """
    at = 0
    while at + 1 < len(elements):
        head = elements[at]
        if head >> 4 == level_id:
            return -(elements[at + 1] & 0x7F)
        at += 2 + (head & 0x0F) if head else 1
    return None


class RtpSender:
    """Sends one stream with continuous sequence numbers and timestamps, whatever its packets are.

    A packet is either *played* (the bot's own next 20 ms) or *forwarded* (received from the peer).
    Forwarding keeps the gaps in sequence numbers and timestamps, so that the peer's decoder can
    use its loss concealment and in-band FEC.

    :param transmit: called with each RTP packet, not yet encrypted.
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
        """The RTP timestamp of the latest packet."""
        return self._timestamp

    @property
    def is_forwarding(self) -> bool:
        """Whether the latest packet was a forwarded one."""
        return self._shift is not None

    def play(self, payload: bytes, *, speech: bool = True) -> None:
        """Send the bot's next 20 ms.

        :param speech: whether it is speech. The first packet of a talkspurt gets the marker bit.
        """
        self._shift = None
        self._send(
            payload,
            (self._sequence_number + 1) & 0xFFFF,
            (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF,
            marker=speech and not self._talking,
        )
        self._talking = speech

    def skip(self) -> None:
        """Leave a gap of 20 ms, for a frame that was lost on its way to the bot.

        The peer's decoder conceals it, or takes it from the packet after it (in-band FEC).
        """
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF

    def forward(self, packet: AudioPacket) -> None:
        """Send a received packet back. Packets must come in order."""
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
