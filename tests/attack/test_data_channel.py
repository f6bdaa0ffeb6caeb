"""A visitor's own call attacks the SCTP association that it has."""

import asyncio

import pytest
from aiortc.rtcsctptransport import DataChunk, RTCSctpTransport
from google_crc32c import value as crc32c

from .calls import Calls
from .conftest import Target
from .test_sockets import STILL_HEARD

pytestmark = [pytest.mark.media, pytest.mark.long]

PACKETS = 150
CHUNKS_A_PACKET = 55
FIRST_FRAGMENT, LAST_FRAGMENT = 2, 1


async def send(sctp: RTCSctpTransport, chunks: list[DataChunk]) -> None:
    """Send chunks in one packet, whatever the association thinks of them."""
    assert sctp._remote_port is not None
    ports = sctp._local_port.to_bytes(2) + sctp._remote_port.to_bytes(2)
    header = ports + sctp._remote_verification_tag.to_bytes(4)
    body = b"".join(map(bytes, chunks))
    checksum = crc32c(header + bytes(4) + body).to_bytes(4, "little")
    await sctp.transport._send_data(header + checksum + body)


def chunk(tsn: int, flags: int, data: bytes) -> DataChunk:
    made = DataChunk(flags=flags)
    made.tsn, made.stream_id, made.protocol, made.user_data = tsn & 0xFFFFFFFF, 1, 51, data
    return made


async def test_gaps_without_end_stall_no_call(target: Target, calls: Calls) -> None:
    """Every second TSN is missing, so each chunk is a gap to remember and to report."""
    await calls.connect(5)
    target.begin()
    sctp = calls.lines[0]._sctp
    tsn = sctp._local_tsn + 1
    calls.clear()
    for _ in range(PACKETS):
        tsns = range(tsn, tsn + 2 * CHUNKS_A_PACKET, 2)
        await send(sctp, [chunk(one, FIRST_FRAGMENT | LAST_FRAGMENT, b"") for one in tsns])
        tsn += 2 * CHUNKS_A_PACKET
    await asyncio.sleep(4)
    during = calls.heard()
    print(f"\nduring {PACKETS} packets of gaps: {during}")
    assert during.least >= STILL_HEARD
    target.assert_unharmed()


async def test_a_message_that_never_ends_costs_no_memory(target: Target, calls: Calls) -> None:
    await calls.connect(2)
    target.begin()
    sctp = calls.lines[0]._sctp
    tsn = sctp._local_tsn
    for number in range(20_000):
        flags = FIRST_FRAGMENT if number == 0 else 0
        await send(sctp, [chunk(tsn + number, flags, bytes(1_000))])
        if number % 20 == 0:
            await asyncio.sleep(0.01)
    target.assert_unharmed(growth_mb=10)
