import random

import pytest

from bot.media.packet import AudioPacket
from bot.media.reorder import Reorder

pytestmark = pytest.mark.unit

FIRST = 65533


def packet(number: int, ssrc: int = 1) -> AudioPacket:
    """The ``number``-th packet of a stream whose counter is about to wrap around."""
    return AudioPacket(b"", (FIRST + number) & 0xFFFF, 960 * number, None, ssrc=ssrc)


def ordered(*numbers: int) -> list[list[int]]:
    """Return the numbers that are ready after each of these packets."""
    reorder = Reorder()
    return [
        [(p.sequence_number - FIRST) & 0xFFFF for p in reorder.put(packet(number))]
        for number in numbers
    ]


def test_packets_in_order_do_not_wait() -> None:
    assert ordered(0, 1, 2, 3, 4, 5) == [[0], [1], [2], [3], [4], [5]]


def test_a_packet_that_is_late_by_one_gets_its_place() -> None:
    assert ordered(0, 2, 1, 3, 4) == [[0], [], [1, 2], [3], [4]]


def test_no_packet_waits_for_more_than_one_other() -> None:
    assert ordered(0, 2, 3, 4) == [[0], [], [2, 3], [4]]


def test_no_packet_waits_after_a_longer_gap() -> None:
    assert ordered(0, 1, 40, 41) == [[0], [1], [40], [41]]


def test_a_waiting_packet_is_not_lost_in_a_longer_gap() -> None:
    assert ordered(0, 2, 9, 10) == [[0], [], [2, 9], [10]]


def test_packets_that_are_too_late_or_doubled_are_dropped() -> None:
    assert ordered(0, 2, 3, 1, 3, 4) == [[0], [], [2, 3], [], [], [4]]


def test_a_new_stream_starts_afresh() -> None:
    reorder = Reorder()
    list(reorder.put(packet(10)))
    list(reorder.put(packet(12)))
    other = packet(0, ssrc=2)
    assert list(reorder.put(other)) == [other]


def test_packets_always_leave_in_order_and_once() -> None:
    rng = random.Random(3550)
    for _ in range(200):
        numbers = [n for n in range(60) if rng.random() > 0.1]
        numbers.sort(key=lambda n: n + rng.uniform(0, 4))
        left = [number for step in ordered(*numbers) for number in step]
        early = [number for number in left if number < 60]
        assert early == sorted(set(early))
