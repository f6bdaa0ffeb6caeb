"""What goes wrong inside the bot is seen, costs one call at most, and leaves nothing behind."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from channels.exceptions import ChannelFull

from bot.call import connection as connection_module
from bot.call import session as session_module
from bot.call.connection import Connection
from bot.call.resources import Greeting
from bot.call.session import Session
from wire.bot import BotMessage, ToBot
from wire.errors import ProtocolError
from wire.page import Bye, Candidate, Hears, Offer, Visibility
from wire.server import Error, ServerBye, ServerMessage

pytestmark = pytest.mark.unit

OFFER = Offer(sdp="v=0", generation=1, voice="echo")


class FakeConnection:
    """A connection that a test tells how to behave."""

    has_started = False
    is_proved = False
    silence_s = 0.0
    on_answer: Callable[[], str] = staticmethod(lambda: "answer")
    on_close: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.events = kwargs["events"]
        self.heard: list[bool] = []
        self.offers = 0
        self.restarts = 0

    async def answer(self, offer: str, *, abandon: bool) -> str:
        self.offers += 1
        return self.on_answer()

    def restarted(self) -> None:
        self.restarts += 1

    def heard_by_page(self, *, media: bool) -> None:
        self.heard.append(media)

    def add_candidate(self, candidate: Any) -> None:
        raise ProtocolError("bad_message", "candidate: nonsense")

    async def close(self) -> None:
        self.on_close()


class FakeCall:
    """A session on a fake connection, and what its page is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[ServerMessage, bool]] = []
        self.moves: list[tuple[str, str]] = []
        self.ended = asyncio.Event()
        self.send_fails = False
        record = SimpleNamespace(
            note=lambda kind, **detail: None,
            move=lambda state, reason="": self.moves.append((state, reason)),
        )
        resources: Any = SimpleNamespace(
            recorder=SimpleNamespace(of=lambda call_id: record),
            greeting=Greeting(),
            config=SimpleNamespace(max_call_s=600),
            send=self._send,
        )
        self.id = uuid.uuid4()
        self.session = Session(self.id, "socket", "echo", resources, self.ended.set)
        self.connection: Any = self.session._connection

    def post(self, *messages: BotMessage) -> None:
        for message in messages:
            self.session.post(ToBot(call_id=self.id, reply_to="socket", message=message))

    async def until_ended(self) -> None:
        async with asyncio.timeout(5):
            await self.ended.wait()

    async def until_idle(self) -> None:
        for _ in range(2000):
            await asyncio.sleep(0)

    async def _send(self, channel: str, message: ServerMessage, close: bool) -> None:
        if self.send_fails:
            raise ChannelFull
        self.sent.append((message, close))


@pytest.fixture
async def call(monkeypatch: pytest.MonkeyPatch) -> FakeCall:
    monkeypatch.setattr(session_module, "Connection", FakeConnection)
    return FakeCall()


def fault() -> Any:
    raise ZeroDivisionError("a fault of ours")


def tasks_of_calls() -> set[str]:
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
    return {name for name in names if name.startswith(("Session", "PageLine", "Worker"))}


def lines_about(caplog: pytest.LogCaptureFixture, call_id: uuid.UUID) -> list[str]:
    lines = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
    return [line for line in lines if str(call_id) in line]


class TestSession:
    async def test_a_fault_ends_the_call_with_internal_and_one_line(
        self, call: FakeCall, caplog: pytest.LogCaptureFixture
    ) -> None:
        call.connection.on_answer = fault
        call.post(OFFER, OFFER, OFFER)
        await call.until_ended()
        (message, closes), *more = call.sent
        assert isinstance(message, Error) and message.code == "internal" and closes and not more
        assert "ZeroDivisionError" not in message.message
        assert call.moves == [("failed", "internal")]
        assert len(lines_about(caplog, call.id)) == 1
        assert not tasks_of_calls()

    async def test_a_call_that_cannot_be_closed_is_forgotten_all_the_same(
        self, call: FakeCall, caplog: pytest.LogCaptureFixture
    ) -> None:
        call.connection.on_close = fault
        call.post(OFFER, Bye(reason="hangup"))
        await call.until_ended()
        assert ServerBye(reason="ended") in [message for message, _ in call.sent]
        assert len(lines_about(caplog, call.id)) == 1
        await call.session.close("server_stopping")
        assert not tasks_of_calls()

    async def test_a_socket_that_takes_nothing_does_not_make_the_call_deaf(
        self, call: FakeCall
    ) -> None:
        call.send_fails = True
        call.post(OFFER, Candidate(candidate=None, generation=1))
        await call.until_idle()
        call.send_fails = False
        call.post(Bye(reason="hangup"))
        await call.until_ended()
        assert call.moves == [("ended", "hangup")]
        assert not tasks_of_calls()

    async def test_a_page_that_is_refused_again_and_again_is_ended(
        self, call: FakeCall, caplog: pytest.LogCaptureFixture
    ) -> None:
        call.post(OFFER)
        for _ in range(session_module.MAX_REFUSALS):
            call.post(Candidate(candidate=None, generation=9))
        await call.until_ended()
        refused = [message for message, _ in call.sent if isinstance(message, Error)]
        assert len(refused) == session_module.MAX_REFUSALS
        assert call.sent[-1][1]
        assert call.moves == [("failed", "bad_offer")]
        assert len(lines_about(caplog, call.id)) == 1

    async def test_offers_are_limited_and_the_call_goes_on(self, call: FakeCall) -> None:
        restarts = [OFFER.model_copy(update={"generation": n + 1}) for n in range(30)]
        call.post(*restarts)
        await call.until_idle()
        errors = [message for message, _ in call.sent if isinstance(message, Error)]
        assert call.connection.offers == session_module.OFFERS_AT_ONCE
        assert call.connection.restarts == session_module.OFFERS_AT_ONCE - 1
        assert {(error.code, error.retryable) for error in errors} == {("busy", True)}
        assert call.moves == []
        await call.session.close("server_stopping")

    async def test_an_offer_that_comes_again_is_no_restart(self, call: FakeCall) -> None:
        call.post(OFFER, OFFER)
        await call.until_idle()
        assert (call.connection.offers, call.connection.restarts) == (2, 0)
        await call.session.close("server_stopping")

    async def test_a_goodbye_is_heard_behind_any_flood(self, call: FakeCall) -> None:
        flood = [Candidate(candidate=None, generation=1) for _ in range(2000)]
        call.connection.add_candidate = lambda candidate: None
        call.post(OFFER, *flood, Bye(reason="hangup"))
        await call.until_ended()
        assert call.moves == [("ended", "hangup")]

    async def test_a_page_that_proves_nothing_gives_its_line_back(
        self, call: FakeCall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session_module, "PROOF_S", 0.05)
        call.post(OFFER)
        await call.until_ended()
        assert call.sent[-1] == (ServerBye(reason="network_blocked"), True)
        assert call.moves == [("failed", "network_blocked")]

    async def test_a_page_that_has_proved_itself_has_longer_to_connect(
        self, call: FakeCall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = asyncio.Event()

        def is_proved(connection: FakeConnection) -> bool:
            asked.set()
            return True

        monkeypatch.setattr(FakeConnection, "is_proved", property(is_proved))
        monkeypatch.setattr(session_module, "PROOF_S", 0.05)
        call.post(OFFER)
        async with asyncio.timeout(5):
            await asked.wait()
        assert call.moves == []
        await call.session.close("server_stopping")

    async def test_each_generation_has_its_time_to_prove_itself_and_the_call_has_one_limit(
        self, call: FakeCall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[str] = []
        monkeypatch.setattr(call.session._timers, "start", lambda name, *_: started.append(name))
        call.post(OFFER, OFFER.model_copy(update={"generation": 2}))
        await call.until_idle()
        assert started == ["proof", "proof"]
        await call.session.close("server_stopping")

    async def test_a_call_that_is_up_need_not_prove_itself_again(
        self, call: FakeCall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[str] = []
        call.post(OFFER)
        await call.until_idle()
        call.connection.events.path_up()
        assert "proof" not in call.session._timers._handles
        monkeypatch.setattr(call.session._timers, "start", lambda name, *_: started.append(name))
        call.post(OFFER.model_copy(update={"generation": 2}))
        await call.until_idle()
        assert started == []
        await call.session.close("server_stopping")

    async def test_of_a_flood_of_states_the_last_one_counts(self, call: FakeCall) -> None:
        call.post(OFFER)
        for n in range(2001):
            call.post(Visibility(hidden=n % 2 == 0), Hears(media=n % 2 == 0))
        await call.until_idle()
        assert len(call.connection.heard) < 5
        assert call.connection.heard[-1] is True
        await call.session.close("server_stopping")


class FakePart:
    """A part of a connection, which raises when it is closed."""

    def __init__(self, *args: Any) -> None:
        self.closed = False
        self.doubts = 0
        self.last_heard = 0.0

    def doubt_path(self) -> None:
        self.doubts += 1

    def stop(self) -> None:
        self.closed = True
        fault()

    end = stop

    def unsubscribe(self, tick: Any) -> None:
        self.stop()

    async def close(self) -> None:
        self.stop()

    def subscribe(self, tick: Any) -> None: ...

    def tick(self) -> None: ...


@pytest.fixture
async def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setattr(connection_module, "AnswerPeer", FakePart)
    anything: Any = SimpleNamespace(
        note=lambda *args, **kwargs: None,
        round_trip=lambda ms: None,
        say_soon=lambda message: None,
        path_up=lambda: None,
        bot_failed=lambda: None,
        config=SimpleNamespace(make_bot=None, heartbeat_s=1, liveness_s=2),
        certificate=None,
        endpoints=None,
        ticker=FakePart(),
    )
    return Connection(
        uuid.uuid4(),
        "echo",
        Greeting(),
        b"",
        anything,
        line=anything,
        record=anything,
        timers=anything,
        generations=anything,
        turns=anything,
        events=anything,
    )


class TestConnection:
    async def test_a_part_that_cannot_be_closed_does_not_keep_the_others_open(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection_module, "SilenceDetector", FakePart)
        monkeypatch.setattr(connection_module, "Heartbeat", lambda *args, **kwargs: FakePart())
        stream = FakePart()
        connection.audio_started(stream)  # type: ignore[arg-type]
        connection.data_channel(SimpleNamespace(label="heartbeat"))  # type: ignore[arg-type]
        parts: list[Any] = [
            connection._detector,
            connection._heartbeat,
            connection._resources.ticker,
            stream,
            connection._peer,
        ]
        with pytest.raises(ZeroDivisionError):
            await connection.close()
        assert [part.closed for part in parts] == [True] * 5

    async def test_a_page_that_hears_nothing_a_thousand_times_is_doubted_a_few_times(
        self, connection: Connection
    ) -> None:
        for _ in range(1000):
            connection.heard_by_page(media=False)
        peer: Any = connection._peer
        assert 1 <= peer.doubts <= 10
