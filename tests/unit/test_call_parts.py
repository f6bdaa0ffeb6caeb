"""Tests each part of a call by itself."""

import asyncio
import uuid
from typing import Any

import pytest

from bot.call import presence as presence_module
from bot.call.generations import MAX_EARLY_CANDIDATES, GenerationFence
from bot.call.page_line import PageLine
from bot.call.presence import Presence
from bot.call.records import CallRecord
from bot.call.timers import Timers
from wire.errors import ProtocolError
from wire.model import IceCandidate
from wire.page import Candidate, Hears, Offer

pytestmark = pytest.mark.unit


def candidate(number: int, generation: int) -> Candidate:
    text = f"candidate:{number}"
    return Candidate(candidate=IceCandidate(candidate=text), generation=generation)


def offer(generation: int, *, rejoin: bool = False) -> Offer:
    return Offer(sdp="v=0", generation=generation, rejoin=rejoin)


class TestGenerations:
    def test_candidates_wait_for_their_offer(self) -> None:
        fence = GenerationFence()
        early = candidate(1, generation=1)
        assert not fence.admit(early)
        assert fence.enter(1) == [early.candidate]
        assert fence.admit(candidate(2, generation=1))
        assert fence.enter(2) == []

    def test_what_belongs_to_an_earlier_generation_is_stale(self) -> None:
        fence = GenerationFence()
        fence.enter(3)
        assert not fence.admit(candidate(1, generation=2))
        assert fence.is_stale(offer(2))
        assert not fence.is_stale(offer(3))
        assert not fence.is_stale(offer(2, rejoin=True))

    def test_a_generation_that_nothing_announces_is_refused(self) -> None:
        with pytest.raises(ProtocolError) as caught:
            GenerationFence().admit(candidate(1, generation=2))
        assert caught.value.code == "unknown_generation"

    def test_early_candidates_are_bounded(self) -> None:
        fence = GenerationFence()
        for number in range(MAX_EARLY_CANDIDATES):
            fence.admit(candidate(number, generation=1))
        with pytest.raises(ProtocolError):
            fence.admit(candidate(0, generation=1))
        assert len(fence.enter(1)) == MAX_EARLY_CANDIDATES

    def test_candidates_of_a_generation_that_was_skipped_are_dropped(self) -> None:
        fence = GenerationFence()
        fence.admit(candidate(1, generation=1))
        assert fence.enter(2) == []


async def test_a_timer_replaces_the_one_of_its_name() -> None:
    timers = Timers()
    rung = asyncio.Queue[str]()
    timers.start("bell", 0, lambda: rung.put_nowait("first"))
    timers.start("bell", 0, lambda: rung.put_nowait("second"))
    timers.start("never", 0, lambda: rung.put_nowait("never"))
    timers.cancel("never")
    assert await rung.get() == "second"
    timers.start("bell", 0, lambda: rung.put_nowait("third"))
    timers.cancel_all()
    await asyncio.sleep(0.01)
    assert rung.empty()


class Sockets:
    """Remembers what is sent to which channel."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any, bool]] = []

    async def send(self, channel: str, message: Any, close: bool) -> None:
        self.sent.append((channel, message, close))


async def test_the_page_is_spoken_to_over_its_present_socket() -> None:
    sockets = Sockets()
    line = PageLine(uuid.uuid4(), sockets.send, "first")
    line.say_soon(Hears(media=True))
    await line.drain()
    line.channel = None
    await line.say(Hears(media=False))
    line.channel = "second"
    await line.say(Hears(media=True), close=True)
    assert sockets.sent == [
        ("first", Hears(media=True), False),
        ("second", Hears(media=True), True),
    ]


class Media:
    has_started = True
    silence_s = 0.0


class FakePage:
    """A page whose sockets and media a test controls, and the presence that watches it."""

    def __init__(self) -> None:
        self.media = Media()
        self.gone = asyncio.Queue[str]()
        self.line = PageLine(uuid.uuid4(), Sockets().send, "first")
        self.presence = Presence(
            self.line,
            Timers(),
            CallRecord(uuid.uuid4(), "a-bot", lambda write: None),
            lambda: self.media,
            self.gone.put_nowait,
        )

    async def stays(self) -> bool:
        """Whether the page still counts as present when all waits are over."""
        await asyncio.sleep(0.1)
        return self.gone.empty()


@pytest.fixture
async def page(monkeypatch: pytest.MonkeyPatch) -> FakePage:
    for name in ("PAGE_GONE_S", "REJOIN_S", "SPEAKING_S"):
        monkeypatch.setattr(presence_module, name, 0.02)
    return FakePage()


class TestPresence:
    async def test_a_page_whose_socket_and_media_stop_is_gone(self, page: FakePage) -> None:
        page.presence.detach("first", 1006)
        page.media.silence_s = 1.0
        assert await page.gone.get() == "page_gone"

    async def test_media_that_go_on_keep_the_call(self, page: FakePage) -> None:
        page.presence.detach("first", 1006)
        assert await page.stays()

    async def test_a_page_on_its_next_socket_is_not_gone(self, page: FakePage) -> None:
        page.presence.attach("second")
        page.presence.detach("first", 1006)
        page.media.silence_s = 1.0
        assert await page.stays()
        assert page.line.channel == "second"

    async def test_a_page_in_the_background_may_be_frozen(self, page: FakePage) -> None:
        page.presence.hide(hidden=True)
        page.presence.detach("first", 1006)
        page.media.silence_s = 1.0
        assert await page.stays()

    async def test_a_page_that_is_closed_may_come_back(self, page: FakePage) -> None:
        page.presence.leave()
        assert page.presence.attach("second")
        assert await page.stays()
        assert not page.presence.attach("third")

    async def test_a_page_that_is_closed_and_stays_away_is_gone(self, page: FakePage) -> None:
        page.presence.leave()
        assert await page.gone.get() == "page_closed"

    async def test_a_page_that_is_closed_before_its_media_start_is_gone(
        self, page: FakePage
    ) -> None:
        page.media.has_started = False
        page.presence.leave()
        assert page.gone.get_nowait() == "page_closed"
