"""SCTP for the one data channel of a call, with a peer that may be hostile.

The private names of aiortc that it overrides belong to those whose version
:mod:`bot.peer.aiortc_compat` checks.
"""

import asyncio
import logging
import struct
from typing import Final

from aiortc import RTCDataChannel, RTCDtlsTransport, RTCSctpTransport
from aiortc.rtcsctptransport import (
    DATA_CHANNEL_OPEN,
    WEBRTC_DCEP,
    Chunk,
    CookieEchoChunk,
    DataChunk,
    ForwardTsnChunk,
    InboundStream,
    InitChunk,
    ReconfigChunk,
    SackChunk,
    ShutdownChunk,
    padl,
    tsn_plus_one,
)
from aiortc.utils import uint32_gte

log = logging.getLogger("voicedemo.peer")

MAX_MESSAGE_BYTES: Final = 16 * 1024
"""Of the peer's; announced in the answer (RFC 8841, 6). A heartbeat has less than 100 bytes."""
WINDOW_BYTES: Final = 64 * 1024
"""Receive window (RFC 9260, 6.2): the bytes that are kept until their message is complete."""
MAX_AHEAD: Final = 128
"""How far a TSN may be ahead of the cumulative one. A browser has fewer chunks in flight."""
MAX_KEPT_CHUNKS: Final = 2 * MAX_AHEAD
MAX_DUPLICATES: Final = 16
"""Duplicate TSNs that one SACK reports."""
MAX_RECONFIG_PARAMETERS: Final = 2
"""RFC 6525, 3.1: a RE-CONFIG chunk has no more."""
MAX_UNSENT_BYTES: Final = 64 * 1024
MAX_UNACKED_CHUNKS: Final = 128
"""If the peer acknowledges nothing, what the bot says beyond these two limits is dropped."""

CHUNKS_PER_S: Final = 500
"""A heartbeat needs five a second at most. What a page could not say in an outage comes at once."""
CHUNK_BURST: Final = 1000

_HEADER_BYTES: Final = 12
_CHUNK = struct.Struct("!BBH")
_PARAMETER = struct.Struct("!HH")
_PARAMETERS_AT: Final = {1: 20, 2: 20, 4: 4, 5: 4, 6: 4, 9: 4, 130: 4}
"""By the type of a chunk that has parameters: where they begin in it."""

_OF_AN_ASSOCIATION: Final = (DataChunk, SackChunk, ForwardTsnChunk, ReconfigChunk, ShutdownChunk)

_State = RTCSctpTransport.State


class BoundedSctp(RTCSctpTransport):
    """aiortc's SCTP transport, but what a peer sends costs little time and memory.

    A chunk that is over a limit is dropped and not acknowledged, so an honest peer sends it again.
    A malformed packet is dropped and changes nothing.
    """

    def __init__(self, transport: RTCDtlsTransport) -> None:
        super().__init__(transport)
        self._advertised_rwnd = WINDOW_BYTES
        self._budget = float(CHUNK_BURST)
        self._budget_at = asyncio.get_running_loop().time()
        self._has_failed = False

    @property
    def kept_bytes(self) -> int:
        """The bytes that are kept until their message is complete."""
        return sum(len(chunk.user_data) for chunk in self._kept())

    async def _handle_data(self, data: bytes) -> None:
        try:
            if self._can_afford(count_chunks(data)):
                await super()._handle_data(data)
        except (struct.error, UnicodeDecodeError, MalformedPacketError) as exc:
            log.debug("SCTP packet dropped: %s", exc)
        except Exception:
            # An exception would end aiortc's receive loop, and the call with it. The first one of a
            # call is logged with its traceback: no packet should get here.
            log.log(
                logging.DEBUG if self._has_failed else logging.ERROR,
                "SCTP failed on a packet",
                exc_info=True,
            )
            self._has_failed = True

    def _can_afford(self, chunks: int) -> bool:
        now = asyncio.get_running_loop().time()
        earned = (now - self._budget_at) * CHUNKS_PER_S
        self._budget = min(CHUNK_BURST, self._budget + earned)
        self._budget_at = now
        if chunks > self._budget:
            return False
        self._budget -= chunks
        return True

    async def _receive_chunk(self, chunk: Chunk) -> None:
        if not self._is_timely(chunk):
            return
        if isinstance(chunk, SackChunk):
            if not uint32_gte(self._highest_tsn, chunk.cumulative_tsn):
                return  # it acknowledges what was never sent
            chunk.gaps = self._plausible_gaps(chunk)
        elif isinstance(chunk, ReconfigChunk):
            chunk.params = chunk.params[:MAX_RECONFIG_PARAMETERS]
        elif isinstance(chunk, ForwardTsnChunk):
            # Other streams than the channel's are not kept, so nothing is skipped there.
            chunk.streams = [s for s in chunk.streams if s[0] in self._inbound_streams]
        await super()._receive_chunk(chunk)
        self._advertised_rwnd = WINDOW_BYTES - self.kept_bytes

    def _is_timely(self, chunk: Chunk) -> bool:
        """Whether a chunk of this type is expected in the state of the association.

        A page never restarts its association (RFC 9260, 5.2.2), so a late INIT is ignored.
        """
        state = self._association_state
        if isinstance(chunk, InitChunk):
            is_early = state in (_State.COOKIE_WAIT, _State.COOKIE_ECHOED)
            return is_early and not self._inbound_streams
        if isinstance(chunk, CookieEchoChunk):
            return state in (_State.COOKIE_WAIT, _State.COOKIE_ECHOED, _State.ESTABLISHED)
        if isinstance(
            chunk, DataChunk | SackChunk | ForwardTsnChunk | ReconfigChunk | ShutdownChunk
        ):
            return state not in (_State.CLOSED, _State.COOKIE_WAIT)
        return state is not _State.CLOSED

    # What is received.

    async def _receive_data_chunk(self, chunk: DataChunk) -> None:
        self._sack_needed = True
        if not self._has_room(chunk) or self._mark_received(chunk.tsn):
            return
        stream = self._stream_of(chunk)
        if stream is not None:
            stream.add_chunk(chunk)
            for message in stream.pop_messages():
                await self._receive(*message)
        await self._reset_deferred_streams()

    def _has_room(self, chunk: DataChunk) -> bool:
        """Whether the chunk is within the window.

        Chunks that wait for others get half of it. So there is always room for the next one, which
        they wait for.
        """
        assert self._last_received_tsn is not None
        if uint32_gte(self._last_received_tsn, chunk.tsn):
            return True  # a duplicate, of which nothing is kept
        ahead = (chunk.tsn - self._last_received_tsn) & 0xFFFFFFFF
        window = WINDOW_BYTES if ahead == 1 else WINDOW_BYTES // 2
        kept = self._kept()
        return (
            ahead <= MAX_AHEAD
            and len(kept) < MAX_KEPT_CHUNKS
            and self.kept_bytes + len(chunk.user_data) <= window
        )

    def _mark_received(self, tsn: int) -> bool:
        assert self._last_received_tsn is not None
        if uint32_gte(self._last_received_tsn, tsn) or tsn in self._sack_misordered:
            if len(self._sack_duplicates) < MAX_DUPLICATES:
                self._sack_duplicates.append(tsn)
            return True
        self._sack_misordered.add(tsn)
        while (following := tsn_plus_one(self._last_received_tsn)) in self._sack_misordered:
            self._sack_misordered.remove(following)
            self._last_received_tsn = following
        return False

    def _stream_of(self, chunk: DataChunk) -> InboundStream | None:
        """The stream of the one channel; None for any other, whose data are not kept."""
        if chunk.stream_id not in self._inbound_streams and self._inbound_streams:
            return None
        return self._get_inbound_stream(chunk.stream_id)

    def _kept(self) -> list[DataChunk]:
        return [chunk for stream in self._inbound_streams.values() for chunk in stream.reassembly]

    async def _data_channel_receive(self, stream_id: int, pp_id: int, data: bytes) -> None:
        opens = pp_id == WEBRTC_DCEP and data[:1] == bytes([DATA_CHANNEL_OPEN])
        is_known = stream_id in self._data_channels
        if len(data) > MAX_MESSAGE_BYTES or is_known == opens or (opens and self._data_channels):
            log.debug("data channel message dropped")
            return
        await super()._data_channel_receive(stream_id, pp_id, data)

    # What is sent.

    @property
    def _highest_tsn(self) -> int:
        """The highest TSN that was given to a chunk of ours."""
        return (self._local_tsn - 1) & 0xFFFFFFFF

    def _plausible_gaps(self, sack: SackChunk) -> list[tuple[int, int]]:
        """The gap blocks that are in order and about chunks that were sent (RFC 9260, 3.3.4)."""
        outstanding = (self._highest_tsn - sack.cumulative_tsn) & 0xFFFFFFFF
        gaps: list[tuple[int, int]] = []
        end_before = 0
        for start, end in sack.gaps:
            if end_before < start <= end <= outstanding:
                gaps.append((start, end))
                end_before = end
        return gaps

    def _data_channel_send(self, channel: RTCDataChannel, data: bytes | str) -> None:
        size = len(data.encode()) if isinstance(data, str) else len(data)
        limit = self._remote_max_message_size
        is_too_long = limit and size > limit
        unacked = len(self._sent_queue) + len(self._outbound_queue)
        if (
            is_too_long
            or channel.bufferedAmount + size > MAX_UNSENT_BYTES
            or unacked >= MAX_UNACKED_CHUNKS
        ):
            log.debug("data channel: a message of %d bytes is not sent", size)
            return
        super()._data_channel_send(channel, data)

    async def _send_chunk(self, chunk: Chunk) -> None:
        try:
            await super()._send_chunk(chunk)
        except ConnectionError:
            # The DTLS association has ended, which its observer is told by itself.
            log.debug("SCTP chunk not sent: DTLS is closed")


class MalformedPacketError(ValueError):
    """A packet is not SCTP."""


def count_chunks(data: bytes) -> int:
    """Count the chunks of a packet (RFC 9260, 3), at least one.

    Lengths are checked here, as aiortc reads a parameter of length zero for ever.

    :raises MalformedPacketError: if a length is wrong, or an INIT is not alone.
    """
    count, at, has_init = 0, _HEADER_BYTES, False
    while at + _CHUNK.size <= len(data):
        kind, _, length = _CHUNK.unpack_from(data, at)
        if length < _CHUNK.size or at + length > len(data):
            raise MalformedPacketError("chunk length")
        if kind in _PARAMETERS_AT:
            _check_parameters(data[at + _PARAMETERS_AT[kind] : at + length])
        has_init |= kind == InitChunk.type
        count += 1
        at += length + padl(length)
    if not count or (has_init and count > 1):
        raise MalformedPacketError("no chunk, or an INIT with others")
    return count


def _check_parameters(body: bytes) -> None:
    at = 0
    while at + _PARAMETER.size <= len(body):
        _, length = _PARAMETER.unpack_from(body, at)
        if length < _PARAMETER.size:
            raise MalformedPacketError("parameter length")
        at += length + padl(length)
