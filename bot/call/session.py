"""One call on the bot's side: its state, its limits, and the messages of its page."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from typing import assert_never

from calls import log_context, metrics
from wire.bot import Attach, Detach, Relays, ToBot
from wire.constants import GRACE_S, SILENCE_S, Voice
from wire.errors import ProtocolError
from wire.page import Bye, Candidate, Hears, Offer, Visibility
from wire.server import Answer, ByeReason, Error, Move, ServerBye, ServerMessage
from wire.snapshots import CallSnapshot
from wire.states import LIVE, CallSignal, CallState, advance

from ..peer.offer_text import OfferError
from ..peer.peer import NewCallNeededError
from .allowance import Allowance
from .connection import Connection
from .generations import GenerationFence
from .inbox import Inbox
from .page_line import PageLine
from .presence import Presence
from .resources import Greeting, WorkerResources
from .timers import Timers
from .turns import Turns

log = logging.getLogger("voicedemo.call")

CONNECT_S = 20.0
"""A little longer than the page itself waits, because the page knows why it failed."""
PROOF_S = 8.0
"""After each answer, until the first path is up: how long the page may take to send an authentic
connectivity check or answer. A page that connects restarts ICE at least every 5 s
(``static/js/link/recovery.js``), so this ends calls of those who only want the line."""
CLOSE_S = 10.0
"""How long a call may take to close what it has. Without a fault it takes milliseconds."""
OFFERS_AT_ONCE = 20
OFFERS_PER_S = 0.5
"""Offers cost time on the event loop. A phone on a bad train makes some 200 an hour, and a few in a
row when it changes networks."""
ASK_AGAIN_S = 3.0
"""A page that was asked to move has done so by then, or could not."""
MAX_REFUSALS = 20
"""A call whose messages are refused this often is ended, as its socket would be."""
REFUSALS_PER_S = 1 / 30
"""A page that is reloaded often may have a candidate refused each time."""
PAGE_FAILURES = frozenset({"network_blocked", "relay_down", "server_unreachable"})
"""The reasons for which a page gives up before its call is up."""


class Session:
    """A call. It handles one message at a time, in the order of arrival.

    :param channel: the channel of the socket that opens the call.
    :param on_end: called once, when the call has closed everything.
    :param has_moved: the worker that had the call is gone. The call goes on here, without a
        greeting.
    """

    def __init__(
        self,
        call_id: uuid.UUID,
        channel: str,
        voice: Voice,
        resources: WorkerResources,
        on_end: Callable[[], None],
        *,
        has_moved: bool = False,
    ) -> None:
        self.call_id = call_id
        self.state = CallState.RECOVERING if has_moved else CallState.CONNECTING
        self._voice = voice
        self._resources = resources
        self._on_end = on_end
        self._record = resources.recorder.of(call_id)
        self._line = PageLine(call_id, resources.send, channel)
        self._timers = Timers()
        self._generations = GenerationFence()
        self._turns = Turns()
        self._presence = Presence(
            self._line, self._timers, self._record, lambda: self._connection, self._page_gone
        )
        self._connection = self._connect(Greeting() if has_moved else resources.greeting)
        self._is_to_recall = has_moved
        if has_moved:
            self._await_path()
        else:
            self._timers.start("connect", CONNECT_S, self._blocked)
        self._end_in(resources.config.max_call_s)
        self._offers = Allowance(OFFERS_AT_ONCE, OFFERS_PER_S)
        self._refusals = Allowance(MAX_REFUSALS - 1, REFUSALS_PER_S)
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._ask_again_at = 0.0
        self._inbox = Inbox()
        self._drops = 0
        self._inbox_task = self._loop.create_task(self._run())
        self._closing: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many messages of its page wait."""
        return len(self._inbox)

    @property
    def is_heard(self) -> bool:
        """Whether its page sends us media at the moment."""
        return self._connection.has_started and self._connection.silence_s < SILENCE_S

    def ask_to_move(self, *, in_pause: bool) -> bool:
        """Ask the page to go on with another worker, unless it was asked a moment ago.

        :param in_pause: only if nothing that is said is lost.
        :returns: whether it was asked now.
        """
        now = self._loop.time()
        if now < self._ask_again_at or (in_pause and not self._connection.is_in_pause):
            return False
        self._ask_again_at = now + ASK_AGAIN_S
        self._line.say_soon(Move())
        return True

    def snapshot(self) -> CallSnapshot:
        """What another worker needs to go on with the call."""
        return CallSnapshot(
            ends_at=self._ends_at,
            waits_ms=self._turns.waits_ms,
            voice=self._connection.snapshot(),
        )

    def post(self, envelope: ToBot) -> None:
        """Hand the call a message."""
        if self._inbox.put(envelope):
            return
        metrics.messages_dropped()
        self._drops += 1
        if self._drops == 1:
            log.warning("call %s: too many messages wait, and others are dropped", self.call_id)

    async def close(self, reason: ByeReason) -> None:
        """End the call from our side. Returns when it has closed everything."""
        self._fail(reason, ServerBye(reason=reason))
        await self._line.drain()
        if self._closing is not None:
            await self._closing

    # Events of the connection (ConnectionEvents).

    def path_up(self) -> None:
        self._timers.cancel("connect")
        self._timers.cancel("proof")
        self._timers.cancel("grace")
        if self.state is CallState.CONNECTING:
            metrics.first_audio(self._loop.time() - self._began_at)
        self._advance(CallSignal.PATH_UP)

    def path_down(self) -> None:
        self._await_path()
        self._advance(CallSignal.PATH_DOWN)

    def peer_closed(self) -> None:
        # A page that hangs up also says so on its socket. A page that is reloaded comes back.
        self._presence.leave()

    def peer_failed(self, why: str) -> None:
        log.info("call %s: %s", self.call_id, why)
        self._blocked()

    def peer_raised(self, fault: BaseException, *, is_fatal: bool) -> None:
        log.error("call %s: a part of its connection failed", self.call_id, exc_info=fault)
        if is_fatal:
            self.bot_failed()

    def bot_failed(self) -> None:
        # No more than this: whoever reads it may be a stranger. The log has the exception.
        told = f"a fault of the server, which its log explains under call {self.call_id}"
        self._fail("internal", Error.of(ProtocolError("internal", told, retryable=True)))

    # Messages of the page.

    async def _run(self) -> None:
        log_context.current_call.set(self.call_id)
        while self.state in LIVE:
            envelope = await self._inbox.get()
            try:
                await self._handle(envelope)
            except ProtocolError as exc:
                await self._refuse(exc)
            except Exception:
                log.exception("call %s: a message could not be handled", self.call_id)
                self.bot_failed()

    async def _refuse(self, problem: ProtocolError) -> None:
        if self._refusals.take():
            await self._line.say(Error.of(problem))
            return
        log.warning("call %s: ended, as too many messages were refused: %s", self.call_id, problem)
        self._fail("bad_offer", Error.of(problem))

    async def _handle(self, envelope: ToBot) -> None:
        match envelope.message:
            case Offer() as offer:
                await self._offer(offer)
            case Candidate() as candidate:
                if self._generations.admit(candidate):
                    self._connection.add_candidate(candidate.candidate)
            case Attach():
                if self._presence.attach(envelope.reply_to):
                    self._await_path()
            case Detach() as gone:
                self._presence.detach(envelope.reply_to, gone.code)
            case Hears() as heard:
                self._connection.heard_by_page(media=heard.media)
            case Visibility() as visibility:
                self._presence.hide(hidden=visibility.hidden)
            case Relays() as relays:
                self._connection.use_relays(relays)
            case Bye(reason="page_closed"):
                self._presence.leave()
            case Bye() as bye:
                self._hung_up(bye.reason)
            case unexpected:
                assert_never(unexpected)

    async def _offer(self, offer: Offer) -> None:
        if self._generations.is_stale(offer):
            return
        if not self._offers.take():
            raise ProtocolError("busy", "too many offers in a short time", retryable=True)
        try:
            answer = await self._answer(offer)
        except OfferError as exc:
            problem = ProtocolError("bad_offer", str(exc))
            if self._generations.current == 0:
                self._fail("bad_offer", Error.of(problem))
                return
            raise problem from None
        if 0 < self._generations.current < offer.generation:
            self._connection.restarted()
        early = self._generations.enter(offer.generation)
        self._record.note(
            "offer",
            generation=offer.generation,
            offer_chars=len(offer.sdp),
            answer_chars=len(answer),
        )
        await self._line.say(Answer(sdp=answer, generation=offer.generation))
        if self.state is CallState.CONNECTING:
            self._timers.start("proof", PROOF_S, self._look_for_proof)
        for candidate in early:
            self._connection.add_candidate(candidate)

    async def _answer(self, offer: Offer) -> str:
        """Answer over the call's connection, or over a new one if a reloaded page needs that.

        :raises OfferError: if the offer cannot be answered. The call is unchanged.
        """
        if self._is_to_recall:
            self._is_to_recall = False
            self._go_on_from(await self._resources.recall(self.call_id))
        try:
            return await self._connection.answer(offer.sdp, abandon=offer.abandon)
        except NewCallNeededError:
            if not offer.rejoin:
                raise
        self._presence.came_back()
        snapshot = self._connection.snapshot()
        await self._connection.close()
        self._connection = self._connect(Greeting(), snapshot)
        self._generations.reset()
        self.path_down()
        return await self._connection.answer(offer.sdp, abandon=offer.abandon)

    def _go_on_from(self, snapshot: CallSnapshot) -> None:
        """Go on where the call's last worker was."""
        for wait_ms in snapshot.waits_ms:
            self._turns.add(wait_ms)
        if snapshot.ends_at is not None:
            left_s = snapshot.ends_at - time.time()
            self._end_in(min(max(0.0, left_s), self._resources.config.max_call_s))
        self._connection.go_on_from(snapshot.voice)

    def _hung_up(self, reason: str) -> None:
        failed = self.state is CallState.CONNECTING and reason in PAGE_FAILURES
        signal = CallSignal.FAIL if failed else CallSignal.HANGUP
        self._end(signal, reason, ServerBye(reason="ended"))

    # Limits and ends.

    def _page_gone(self, reason: str) -> None:
        self._end(CallSignal.HANGUP, reason)

    def _end_in(self, seconds: float) -> None:
        self._ends_at = time.time() + seconds
        self._timers.start("limit", seconds, self._time_is_up)

    def _look_for_proof(self) -> None:
        if not self._connection.is_proved:
            self._blocked()

    def _blocked(self) -> None:
        blocked: ByeReason = "network_blocked"
        self._fail(blocked, ServerBye(reason=blocked))

    def _time_is_up(self) -> None:
        self._end(CallSignal.HANGUP, "time_limit", ServerBye(reason="time_limit"))

    def _await_path(self) -> None:
        lost: ByeReason = "call_lost"
        self._timers.start("grace", GRACE_S, lambda: self._fail(lost, ServerBye(reason=lost)))

    def _fail(self, reason: str, farewell: ServerMessage | None = None) -> None:
        self._end(CallSignal.FAIL, reason, farewell)

    def _end(self, signal: CallSignal, reason: str, farewell: ServerMessage | None = None) -> None:
        """End the call. Does nothing if it has ended already."""
        if self.state not in LIVE:
            return
        self._record.note("turns", **self._turns.summary())
        self._advance(signal, reason)
        self._inbox_task.cancel()
        self._closing = asyncio.ensure_future(self._close(farewell))

    async def _close(self, farewell: ServerMessage | None) -> None:
        self._timers.cancel_all()
        if farewell is not None:
            await self._line.say(farewell, close=True)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._connection.close()
        except Exception:
            log.exception("call %s: its end left something open", self.call_id)
        finally:
            self._on_end()

    def _connect(self, greeting: Greeting, snapshot: bytes = b"") -> Connection:
        return Connection(
            self.call_id,
            self._voice,
            greeting,
            snapshot,
            self._resources,
            line=self._line,
            record=self._record,
            timers=self._timers,
            generations=self._generations,
            turns=self._turns,
            events=self,
        )

    def _advance(self, signal: CallSignal, reason: str = "") -> None:
        state = advance(self.state, signal)
        if state is self.state:
            return
        self.state = state
        self._record.move(state, reason)
        log.info("call %s %s%s", self.call_id, state, f": {reason}" if reason else "")
