"""Whole calls between the bot and a stock aiortc peer: ICE, DTLS, SCTP and audio are real."""

import asyncio
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from aiortc import RTCSessionDescription

from bot.call import presence, session
from bot.config import BotConfig
from bot.ice.endpoints import IceConfig
from bot.peer import peer
from bot.voices import AudioOutput, Pcm
from bot.worker import Worker
from calls import metrics
from calls.models import Call
from examples.repeater import Repeater
from tests.page import Page
from tests.ws.conftest import call_in_state

pytestmark = pytest.mark.media


async def test_the_echo_gives_every_call_its_own_audio_back(
    make_page: Callable[..., Page],
) -> None:
    pages = [make_page(frequency=frequency) for frequency in (400, 500, 600, 800)]
    await asyncio.gather(*(page.call("echo") for page in pages))
    assert await asyncio.gather(*(page.pitch() for page in pages)) == [400, 500, 600, 800]
    assert await Call.objects.filter(state="connected").acount() == 4


async def test_the_greeting_is_there_to_read_while_it_is_said(page: Page) -> None:
    await page.call("parrot")
    assert (await page.hear_until("says"))["text"] == "Hello."
    assert (await page.hear_until("says"))["text"] == ""


async def test_the_tone_voice_is_heard(page: Page) -> None:
    await page.call("tone")
    assert await page.pitch() == 440


class TestBotOfYourOwn:
    @pytest.fixture
    def bot_config(self, bot_config: BotConfig, settings: Any) -> BotConfig:
        settings.VOICEDEMO_BOT = "examples.repeater.Repeater"
        return dataclasses.replace(bot_config, make_bot=Repeater)

    async def test_it_hears_and_says_samples(self, make_page: Callable[..., Page]) -> None:
        page = make_page(frequency=500)
        await page.call("bot")
        assert await page.pitch() == 500


class Prompt(Repeater):
    """A bot that says a second of sound once it has heard half a second."""

    takes_turns = True

    def begin(self, output: AudioOutput) -> None:
        super().begin(output)
        self._heard = 0

    def hear(self, pcm: Pcm) -> None:
        self._heard += 1
        if self._heard == 25:
            self._output.say(np.tile(pcm, 50))


class TestAnswers:
    @pytest.fixture
    def bot_config(self, bot_config: BotConfig, settings: Any) -> BotConfig:
        settings.VOICEDEMO_BOT = "tests.media.test_call.Prompt"
        return dataclasses.replace(bot_config, make_bot=Prompt)

    async def test_how_long_they_took_is_recorded(self, page: Page) -> None:
        await page.call("bot")
        told = await page.hear_until("turn")
        await page.say(type="bye", reason="hangup")
        call = await call_in_state("ended")
        (turn,) = [event async for event in call.events.filter(kind="turn")]
        (summary,) = [event async for event in call.events.filter(kind="turns")]
        assert turn.detail == {"ms": told["ms"]}
        assert summary.detail == {"count": 1, "p50": told["ms"], "p95": told["ms"]}
        assert b"voicedemo_turn_seconds_count 0.0" not in metrics.exposition(0, 1)


class Faulty(Repeater):
    """A bot that raises an exception in one of its methods."""

    raises_in = ""

    def __init__(self) -> None:
        self._raise_in("__init__")

    def begin(self, output: AudioOutput) -> None:
        super().begin(output)
        self._raise_in("begin")

    def hear(self, pcm: Pcm) -> None:
        super().hear(pcm)
        self._raise_in("hear")

    def end(self) -> None:
        self._raise_in("end")

    def _raise_in(self, method: str) -> None:
        if method == Faulty.raises_in:
            # PyAV raises the same for a packet that is not Opus, which is only dropped.
            raise ValueError("no such model")


class TestFaultyBot:
    @pytest.fixture
    def bot_config(self, bot_config: BotConfig, settings: Any) -> BotConfig:
        settings.VOICEDEMO_BOT = "tests.media.test_call.Faulty"
        return dataclasses.replace(bot_config, make_bot=Faulty)

    @pytest.mark.parametrize("method", ["__init__", "begin", "hear"])
    async def test_its_call_fails_at_once_and_no_other(
        self,
        make_page: Callable[..., Page],
        monkeypatch: pytest.MonkeyPatch,
        method: str,
    ) -> None:
        monkeypatch.setattr(Faulty, "raises_in", method)
        other, page = make_page(frequency=500), make_page()
        await other.call("echo")
        await page.call("bot")
        assert (await page.hear_until("error"))["code"] == "internal"
        assert (await call_in_state("failed")).reason == "internal"
        assert await other.pitch() == 500

    async def test_a_call_whose_bot_raises_at_its_end_is_closed_like_any_other(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Faulty, "raises_in", "end")
        await page.call("bot")
        closed = asyncio.Event()
        page.peer.on("connectionstatechange", closed.set)
        await page.say(type="bye", reason="hangup")
        assert (await page.hear_until("bye"))["reason"] == "ended"
        assert (await call_in_state("ended")).reason == "hangup"
        await asyncio.wait_for(closed.wait(), 10)
        assert page.peer.connectionState == "closed"

    async def test_the_server_stops_in_order_when_it_raises_at_its_end(
        self, page: Page, bot: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Faulty, "raises_in", "end")
        await page.call("bot")
        await bot.stop()
        assert (await call_in_state("failed")).reason == "server_stopping"


async def test_the_voice_bot_is_refused_if_no_bot_is_plugged_in(page: Page) -> None:
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="bot")
    assert (await page.hear_until("error"))["code"] == "bad_message"


async def test_the_bot_pings_and_answers_pings(page: Page) -> None:
    await page.call()
    ping = json.loads(await asyncio.wait_for(page.heartbeats.get(), 10))
    assert ping["type"] == "pipecat.ping"
    page.heartbeat.send('{"type":"pipecat.ping","id":5,"ts":1}')
    pong = json.loads(await asyncio.wait_for(page.heartbeats.get(), 10))
    assert pong == {"type": "pipecat.pong", "id": 5, "ts": 1}


@pytest.fixture
def impatient(bot_config: BotConfig) -> BotConfig:
    return dataclasses.replace(bot_config, heartbeat_s=0.1, liveness_s=0.3)


class TestImpatientBot:
    @pytest.fixture
    def bot_config(self, impatient: BotConfig) -> BotConfig:
        return impatient

    async def test_a_silent_page_is_told_that_its_heartbeat_is_missed(self, page: Page) -> None:
        await page.call()
        error = await page.hear_until("error")
        assert (error["code"], error["retryable"]) == ("heartbeat_lost", True)
        assert await page.pitch() == 700


class TestShortCalls:
    @pytest.fixture
    def bot_config(self, bot_config: BotConfig) -> BotConfig:
        return dataclasses.replace(bot_config, max_call_s=1)

    async def test_a_call_ends_at_its_limit(self, page: Page) -> None:
        await page.call()
        assert (await page.hear_until("bye"))["reason"] == "time_limit"
        assert (await call_in_state("ended")).reason == "time_limit"


async def test_hanging_up_ends_the_call_and_writes_why(page: Page) -> None:
    await page.call()
    await page.say(type="bye", reason="hangup")
    assert (await page.hear_until("bye"))["reason"] == "ended"
    call = await call_in_state("ended")
    assert call.reason == "hangup"
    assert call.ended_at is not None
    states = [event.detail["state"] async for event in call.events.filter(kind="state")]
    assert states == ["connected", "ended"]


async def test_a_peer_that_closes_ends_the_call(page: Page) -> None:
    await page.call()
    await page.peer.close()
    assert (await call_in_state("ended")).reason == "page_closed"


async def test_a_page_that_vanishes_frees_the_call(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "PAGE_GONE_S", 0.3)
    await page.call()
    sender = page.peer.getSenders()[0]
    await page.socket.disconnect(1006)
    await sender.stop()
    assert (await call_in_state("ended")).reason == "page_gone"


async def test_a_lost_socket_does_not_touch_the_call(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "PAGE_GONE_S", 0.3)
    ready = await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
    await page.accept(await page.hear_until("answer"))
    await page.socket.disconnect(1006)
    assert await page.pitch(seconds=1) == 700
    await page.open()
    await page.say(type="resume", callId=ready["callId"], token=ready["token"])
    assert (await page.hear())["type"] == "ready"
    await page.say(type="bye")
    assert (await page.hear_until("bye"))["reason"] == "ended"


async def test_resuming_somebody_elses_call_is_refused(make_page: Callable[..., Page]) -> None:
    mine, thief = make_page(), make_page()
    await mine.call()
    call = await call_in_state("connected")
    stolen = await thief.open()
    await thief.say(type="resume", callId=str(call.id), token=stolen["token"])
    assert (await thief.hear())["code"] == "call_unknown"


async def test_resuming_a_call_that_is_over_is_refused(page: Page) -> None:
    ready = await page.open()
    await page.say(type="resume", callId=ready["callId"], token=ready["token"])
    assert (await page.hear())["code"] == "call_unknown"


async def test_candidates_may_come_before_the_offer(page: Page) -> None:
    sdp = await page.offer()
    lines = sdp.splitlines(keepends=True)
    candidates = [line[2:].strip() for line in lines if line.startswith("a=candidate:")]
    bare = "".join(
        line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))
    )
    await page.open()
    for candidate in candidates:
        await page.say(
            type="candidate", generation=1, candidate={"candidate": candidate, "sdpMid": "0"}
        )
    await page.say(type="candidate", generation=1, candidate=None)
    await page.say(type="offer", sdp=bare, generation=1, voice="echo")
    await page.accept(await page.hear_until("answer"))
    assert await page.pitch() == 700


async def test_a_peer_that_never_comes_fails_the_call(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONNECT_S", 0.3)
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1)
    assert (await call_in_state("failed")).reason == "network_blocked"


def without_candidates(sdp: str) -> str:
    lines = sdp.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("a=candidate:"))


async def test_a_stranger_that_answers_no_check_keeps_neither_the_line_nor_the_socket(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PROOF_S", 0.3)
    await page.open()
    await page.say(type="offer", sdp=without_candidates(await page.offer()), generation=1)
    assert (await page.hear_until("bye"))["reason"] == "network_blocked"
    await page.closed()
    assert (await call_in_state("failed")).reason == "network_blocked"


async def test_a_peer_that_has_sent_one_check_is_waited_for(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its DTLS is slow, or its way is only just open."""
    looked = asyncio.Event()
    look, start = session.Session._look_for_proof, peer.AnswerPeer._start

    def look_and_say(call: session.Session) -> None:
        look(call)
        looked.set()

    async def start_late(bots: peer.AnswerPeer, *args: Any) -> None:
        await looked.wait()
        await start(bots, *args)

    monkeypatch.setattr(session.Session, "_look_for_proof", look_and_say)
    monkeypatch.setattr(session, "PROOF_S", 1.5)
    monkeypatch.setattr(peer.AnswerPeer, "_start", start_late)
    await page.call()
    assert looked.is_set()
    assert (await call_in_state("connected")).reason == ""


async def test_stopping_the_bot_says_goodbye_to_its_calls(page: Page, bot: Worker) -> None:
    await page.call()
    await bot.stop()
    assert (await page.hear_until("bye"))["reason"] == "server_stopping"
    assert (await call_in_state("failed")).reason == "server_stopping"


async def test_a_fault_of_ours_while_a_call_comes_up_is_said(
    page: Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(*args: Any) -> Any:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(peer, "srtp_sessions", fault)
    await page.open()
    await page.say(type="offer", sdp=await page.offer(), generation=1, voice="echo")
    answer = await page.hear_until("answer")
    await page.peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    error = await page.hear_until("error")
    assert error["code"] == "internal"
    call = await call_in_state("failed")
    assert call.reason == "internal"
    assert str(call.id) in error["message"]
    faults = [record for record in caplog.records if record.exc_info]
    assert len(faults) == 1 and str(call.id) in faults[0].getMessage()


async def test_an_ended_call_leaves_no_task_behind(
    page: Page, make_page: Callable[..., Page]
) -> None:
    await page.call()
    await page.say(type="bye")
    await page.hear_until("bye")
    await call_in_state("ended")
    await page.close()
    before = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
    assert not {name for name in before if "Session" in name or "Ice" in name or "Dtls" in name}


async def test_a_page_that_falls_silent_is_told_that_it_is_not_heard(page: Page) -> None:
    await page.call()
    await page.pitch()
    page.peer.getSenders()[0].replaceTrack(None)
    await page.peer.getSenders()[0].stop()
    assert (await page.hear_until("hears"))["media"] is False


@pytest.mark.parametrize(("hidden", "state"), [(False, "ended"), (True, "connected")])
async def test_a_page_that_may_only_be_frozen_keeps_its_call(
    page: Page, monkeypatch: pytest.MonkeyPatch, hidden: bool, state: str
) -> None:
    monkeypatch.setattr(presence, "PAGE_GONE_S", 0.3)
    await page.call()
    await page.pitch()
    await page.say(type="visibility", hidden=hidden)
    await page.socket.disconnect()
    await page.peer.getSenders()[0].stop()
    await asyncio.sleep(1.5)
    assert (await call_in_state(state)).state == state


async def test_a_reloaded_page_goes_back_to_its_call(make_page: Callable[..., Page]) -> None:
    page = make_page(frequency=600)
    ready = await page.call("echo")
    call = await call_in_state("connected")
    await page.say(type="bye", reason="page_closed")
    await page.peer.close()
    again = make_page(frequency=800)
    await again.open()
    claim = {"callId": str(call.id), "token": ready["token"]}
    offer = {"sdp": await again.offer(), "generation": 1, "rejoin": True}
    await again.say(type="resume", **claim, offer=offer)
    await again.accept(await again.hear_until("answer"))
    assert await again.pitch() == 800
    assert [str(live.id) async for live in Call.objects.filter(state="connected")] == [str(call.id)]


async def test_an_offer_of_another_peer_without_rejoin_is_refused(
    make_page: Callable[..., Page],
) -> None:
    page = make_page(frequency=600)
    await page.call("echo")
    other = make_page()
    await page.say(type="offer", sdp=await other.offer(), generation=2)
    assert (await page.hear_until("error"))["code"] == "bad_offer"
    assert await page.pitch() == 600


class TestControlledBot:
    @pytest.fixture
    def bot_config(self, bot_config: BotConfig) -> BotConfig:
        return dataclasses.replace(bot_config, ice=IceConfig(controlling=False))

    async def test_the_page_may_nominate(self, page: Page) -> None:
        await page.call()
        assert await page.pitch() == 700
