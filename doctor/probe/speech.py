"""What the probe says, and how it knows its own words when they come back."""

import asyncio
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Final

import numpy as np
from aiortc.utils import random16, random32
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session

from bot.media import opus
from bot.media.packet import FRAME_S, FRAME_SAMPLES
from bot.media.rtp import parse_audio

from .offer import LEVEL_EXTENSION, PAYLOAD_TYPE

WORD_PACKETS: Final = 25
"""Half a second."""
PITCHES: Final = (120, 180)
"""Of the word before an ICE restart, and of the one after it. Hz."""

_RTP: Final = struct.Struct("!BBHII")
_HAS_EXTENSION: Final = 0x90
_LEVEL_HEADER: Final = b"\xbe\xde\x00\x01"
_LOUD, _SILENT = 30, 127
"""Audio levels (RFC 6464), in -dBov."""


@cache
def words() -> tuple[tuple[bytes, ...], ...]:
    """The words as Opus packets. All packets differ, and none occurs in two words."""
    t = np.arange(WORD_PACKETS * FRAME_SAMPLES) / opus.SAMPLE_RATE
    found = []
    for pitch in PITCHES:
        glide = 2 * np.pi * np.cumsum(pitch + 40 * np.sin(2 * np.pi * 1.7 * t)) / opus.SAMPLE_RATE
        voice = 3000 * sum(np.sin(k * glide) / k for k in range(1, 12))
        found.append(opus.encode(np.asarray(voice, np.int16))[:WORD_PACKETS])
    return tuple(found)


class Word:
    """A word that was said, and what has come back of it.

    :ivar echo_s: how long each packet took to come back.
    """

    def __init__(self, packets: Sequence[bytes]) -> None:
        self._packets = packets
        self._said: dict[bytes, float] = {}
        self.echo_s: list[float] = []
        self.first_heard_at = 0.0
        """On the clock of :func:`time.perf_counter`; 0 before."""
        self.heard = asyncio.Event()
        """Set when more than half of it has come back."""

    @property
    def packets(self) -> Sequence[bytes]:
        return self._packets

    def said(self, payload: bytes) -> None:
        self._said[payload] = time.perf_counter()

    def hear(self, payload: bytes) -> None:
        said_at = self._said.pop(payload, None)
        if said_at is None:
            return
        now = time.perf_counter()
        self.echo_s.append(now - said_at)
        self.first_heard_at = self.first_heard_at or now
        if 2 * len(self.echo_s) > len(self._packets):
            self.heard.set()


class Speaker:
    """Sends a packet every 20 ms: the words that it is given, and silence between them.

    :param sessions: the SRTP sessions, for what comes in and what goes out.
    :param send: takes each packet, encrypted.
    """

    def __init__(
        self, ssrc: int, sessions: tuple[Session, Session], send: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._ssrc = ssrc
        self._inbound, self._outbound = sessions
        self._send = send
        self._word: Word | None = None
        self._waiting: deque[bytes] = deque()
        self._sequence_number = random16() >> 1
        self._timestamp = random32() >> 1

    def say(self, word: Word) -> None:
        self._word = word
        self._waiting.extend(word.packets)

    def hear(self, data: bytes) -> None:
        """Take a packet that arrived: SRTP or SRTCP."""
        if self._word is None or 192 <= data[1] <= 223:
            return
        try:
            packet = parse_audio(self._inbound.unprotect(data), PAYLOAD_TYPE, LEVEL_EXTENSION)
        except (SrtpError, ValueError):
            return  # late, or sent again
        if packet is not None:
            self._word.hear(packet.payload)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._speak()
            due += FRAME_S
            await asyncio.sleep(due - loop.time())

    async def _speak(self) -> None:
        if self._waiting:
            payload, level = self._waiting.popleft(), _LOUD
            assert self._word is not None
            self._word.said(payload)
        else:
            payload, level = opus.silence(), _SILENT
        extension = _LEVEL_HEADER + bytes([LEVEL_EXTENSION << 4, level, 0, 0])
        header = _RTP.pack(
            _HAS_EXTENSION, PAYLOAD_TYPE, self._sequence_number, self._timestamp, self._ssrc
        )
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        await self._send(self._outbound.protect(header + extension + payload))
