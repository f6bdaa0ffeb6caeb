"""One call: its peer, its voice, its heartbeat, its limits, and its page's current socket."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aioice.candidate import Candidate
from aiortc import RTCCertificate, RTCDataChannel

from wire.protocol import (
    Answer,
    BotAttach,
    BotCandidate,
    BotDetach,
    BotHangup,
    BotHears,
    BotIce,
    BotMessage,
    BotOffer,
    BotVisibility,
    ByeReason,
    Error,
    Hears,
    IceCandidate,
    ProtocolError,
    Says,
    ServerBye,
    ServerCandidate,
    ServerMessage,
    Turn,
)
from wire.states import LIVE, CallSignal, CallState, advance

from ..config import BotConfig
from ..ice.endpoints import IceEndpoints
from ..ice.path import Path
from ..ice.switch import PathState
from ..ice.turn import turn_servers
from ..media.packet import FRAME_S
from ..media.stream import AudioStream
from ..media.ticker import Ticker
from ..peer import sdp
from ..peer.peer import AnswerPeer, NewCallNeeded
from ..voices.factory import GREETING_VOICES, voice_maker
from .heartbeat import CHANNEL_LABEL, Heartbeat
from .records import Recorder
from .silence import Hearing
from .turns import Turns

log = logging.getLogger("voicedemo.call")

CONNECT_S = 20.0
"""A little more than the page gives itself, so that it is the page that says why."""
GRACE_S = 60.0
"""A call outlives its last path by this."""
SPEAKING_S = 3.0
"""Media heard this recently were flowing when the socket closed. The processes of a browser that is
killed die one after the other, and no FIN comes out of a network that is dead."""
PAGE_GONE_S = 3.0
"""Socket closed while media flowed, and then no media for this long: the page is gone."""
REJOIN_S = 8.0
"""A page that was closed may only have been reloaded: so long its call waits for it."""
READING_S = 1.0
"""A caption stays a little longer than what it says."""
MAX_WAITING_MESSAGES = 256
MAX_EARLY_CANDIDATES = 64
PAGE_FAILURES = frozenset({"network_blocked", "server_unreachable"})
"""Reasons with which a page gives up before its call is up."""


@dataclass(frozen=True)
class Studio:
    """What all calls of a worker share."""

    config: BotConfig
    certificate: RTCCertificate
    ticker: Ticker
    recorder: Recorder
    ports: IceEndpoints
    greeting: tuple[bytes, ...]
    caption: str
    """The greeting in words."""
    send: Callable[[str, ServerMessage, bool], Awaitable[None]]
    """Sends a message to the socket on this channel; True: and closes it."""


class Session:
    """A call as the bot has it. Handles one message at a time, in the order they came.

    :param on_end: called once, when everything of the call is closed.
    """

    def __init__(self, offer: BotOffer, studio: Studio, on_end: Callable[[], None]) -> None:
        self.call_id = uuid.UUID(offer.call_id)
        self.state = CallState.CONNECTING
        self._studio = studio
        self._on_end = on_end
        self._socket: str | None = offer.reply_to
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[BotMessage] = asyncio.Queue(MAX_WAITING_MESSAGES)
        self._voice = offer.voice
        self._greeting = studio.greeting
        self._peer = self._new_peer()
        self._stream: AudioStream | None = None
        self._heartbeat: Heartbeat | None = None
        self._turns = Turns()
        self._hearing: Hearing | None = None
        self._hidden = False
        self._left = False
        self._attempt = 0
        self._early: list[IceCandidate | None] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._after("connect", CONNECT_S, lambda: self._end(CallSignal.FAIL, "network_blocked"))
        self._after("limit", studio.config.max_call_s, self._time_is_up)
        self._worker = self._loop.create_task(self._run())

    def post(self, message: BotMessage) -> None:
        """Hand the call a message."""
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            log.warning("call %s: too many messages at once, one dropped", self.call_id)

    async def close(self, reason: ByeReason) -> None:
        """End the call from our side, and wait until everything of it is closed."""
        self._end(CallSignal.FAIL, reason, ServerBye(reason=reason))
        await asyncio.gather(*self._tasks)

    # What the peer tells us.

    def path_state(self, state: PathState) -> None:
        if self._stream is None:
            return
        if state is PathState.CONNECTED:
            self._cancel("grace")
            self._advance(CallSignal.PATH_UP)
        elif state is PathState.DISCONNECTED:
            self._await_path()
            self._advance(CallSignal.PATH_DOWN)

    def path_changed(self, path: Path) -> None:
        self._note("path", attempt=self._attempt, **path.describe())

    def local_candidate(self, candidate: Candidate | None, ufrag: str) -> None:
        signalled = sdp.signalled_candidate(candidate, ufrag) if candidate else None
        self._soon(self._say(ServerCandidate(candidate=signalled, attempt=self._attempt)))

    def relayed(self, url: str, protocol: str, count: int, ms: int) -> None:
        self._studio.recorder.relayed(self.call_id, url, protocol, count, ms)

    def audio_started(self, stream: AudioStream) -> None:
        self._cancel("connect")
        self._cancel("grace")
        self._stream = stream
        self._studio.ticker.subscribe(stream.tick)
        self._hearing = Hearing(lambda: self._peer.last_heard, self._hearing_changed)
        self._advance(CallSignal.PATH_UP)
        if self._greeting and self._voice in GREETING_VOICES:
            self._caption(self._studio.caption)
        if self._greeting and self._voice == "parrot":
            seconds = len(self._greeting) * FRAME_S
            self._after("caption", seconds + READING_S, lambda: self._caption(""))

    def data_channel(self, channel: RTCDataChannel) -> None:
        if channel.label != CHANNEL_LABEL or self._heartbeat is not None:
            return
        self._heartbeat = Heartbeat(
            channel,
            interval=self._studio.config.heartbeat_s,
            liveness=self._studio.config.liveness_s,
            on_dead=self._heartbeat_lost,
            on_rtt=lambda ms: self._note("heartbeat", rtt_ms=ms),
        )

    def peer_closed(self) -> None:
        # A page that hangs up says so on its socket too; one that is reloaded comes back.
        self._page_left()

    def peer_failed(self, why: str) -> None:
        log.info("call %s: %s", self.call_id, why)
        self._end(CallSignal.FAIL, "network_blocked")

    # What the page says.

    async def _run(self) -> None:
        while True:
            message = await self._inbox.get()
            try:
                await self._handle(message)
            except ProtocolError as exc:
                await self._say(Error.of(exc))
            except Exception:
                log.exception("call %s failed on a message", self.call_id)
                problem = ProtocolError("internal", "the bot had a fault", retryable=True)
                self._end(CallSignal.FAIL, "internal", Error.of(problem))

    async def _handle(self, message: BotMessage) -> None:
        match message:
            case BotOffer():
                await self._offer(message)
            case BotCandidate():
                await self._candidate(message)
            case BotAttach():
                self._attach(message)
            case BotDetach():
                self._detach(message)
            case BotHears():
                self._heard_by_page(media=message.media)
            case BotVisibility():
                self._hidden = message.hidden
                self._note("visibility", hidden=message.hidden)
            case BotIce():
                self._peer.use_turn(turn_servers(message.ice_servers), message.page_address)
            case BotHangup() if message.reason == "page_closed":
                self._page_left()
            case BotHangup():
                failed = self.state is CallState.CONNECTING and message.reason in PAGE_FAILURES
                signal = CallSignal.FAIL if failed else CallSignal.HANGUP
                self._end(signal, message.reason, ServerBye(reason="ended"))

    async def _offer(self, offer: BotOffer) -> None:
        if offer.attempt < self._attempt and not offer.rejoin:
            return  # superseded while it was on its way
        try:
            answer = await self._answer(offer)
        except sdp.OfferError as exc:
            problem = ProtocolError("bad_offer", str(exc))
            if self._attempt == 0:
                self._end(CallSignal.FAIL, "bad_offer", Error.of(problem))
                return
            raise problem from None
        if offer.attempt > self._attempt + 1:
            self._early.clear()
        self._attempt = offer.attempt
        await self._say(Answer(sdp=answer, attempt=offer.attempt))
        early, self._early = self._early, []
        for candidate in early:
            self._add_candidate(candidate)

    async def _answer(self, offer: BotOffer) -> str:
        try:
            return await self._peer.answer(offer.sdp, abandon=offer.abandon)
        except NewCallNeeded:
            if not offer.rejoin:
                raise
        self._left = False
        self._cancel("page-gone")
        await self._hang_up_peer()
        self._greeting = ()
        self._peer = self._new_peer()
        self._attempt = 0
        self._advance(CallSignal.PATH_DOWN)
        self._await_path()
        return await self._peer.answer(offer.sdp, abandon=offer.abandon)

    async def _candidate(self, message: BotCandidate) -> None:
        """Before its offer it is kept, after a later offer it is stale (RFC 8838, 10)."""
        if message.attempt == self._attempt:
            self._add_candidate(message.candidate)
        elif message.attempt == self._attempt + 1 and len(self._early) < MAX_EARLY_CANDIDATES:
            self._early.append(message.candidate)
        elif message.attempt > self._attempt:
            raise ProtocolError("unknown_attempt", "no offer with this attempt")

    def _add_candidate(self, signalled: IceCandidate | None) -> None:
        if signalled is None or not signalled.candidate:
            self._peer.add_candidate(None)
            return
        try:
            candidate = sdp.read_candidate(signalled)
            if candidate is not None:
                self._peer.add_candidate(candidate)
        except ValueError as exc:
            raise ProtocolError("bad_message", f"candidate: {exc}") from None

    # Sockets come and go.

    def _attach(self, message: BotAttach) -> None:
        self._socket = message.reply_to
        self._cancel("page-gone")
        if self._left:
            self._left = False
            self._await_path()

    def _page_left(self) -> None:
        """Closed, or only reloaded: then it is back on another socket in a moment."""
        if self._stream is None:
            self._end(CallSignal.HANGUP, "page_closed")
            return
        self._left = True
        self._after("page-gone", REJOIN_S, lambda: self._end(CallSignal.HANGUP, "page_closed"))

    def _detach(self, message: BotDetach) -> None:
        if message.reply_to != self._socket:
            return  # the page is on its next one already
        self._socket = None
        self._note("socket-closed", code=message.code)
        if self._left or self._hidden:
            return  # gone for now; a phone freezes a page in the background, and may thaw it
        # A tab that dies takes its socket along while media still flow. Where the network died
        # first, the socket only followed it, and the grace period is what counts.
        if self._stream is None or self._silence_s() < SPEAKING_S:
            self._after("page-gone", PAGE_GONE_S, self._check_page)

    def _check_page(self) -> None:
        if self._silence_s() >= PAGE_GONE_S:
            self._end(CallSignal.HANGUP, "page_gone")
        else:
            self._after("page-gone", PAGE_GONE_S - self._silence_s(), self._check_page)

    def _silence_s(self) -> float:
        """Seconds since anything but STUN arrived."""
        return self._loop.time() - self._peer.last_heard

    # Who hears whom.

    def _hearing_changed(self, hears: bool) -> None:
        self._note("hears", media=hears)
        self._soon(self._say(Hears(media=hears)))

    def _answered(self, waited_s: float) -> None:
        ms = round(1000 * waited_s)
        self._turns.add(ms)
        self._studio.recorder.answered(self.call_id, ms)
        self._soon(self._say(Turn(ms=ms)))

    def _caption(self, text: str) -> None:
        self._soon(self._say(Says(text=text)))

    def _heard_by_page(self, *, media: bool) -> None:
        self._note("heard", media=media)
        if not media:
            self._peer.doubt_path()

    def _heartbeat_lost(self) -> None:
        self._note("heartbeat-lost")
        problem = ProtocolError("heartbeat_lost", "no heartbeat from the page", retryable=True)
        self._soon(self._say(Error.of(problem)))

    # Ends.

    def _time_is_up(self) -> None:
        self._end(CallSignal.HANGUP, "time_limit", ServerBye(reason="time_limit"))

    def _lost(self, reason: ByeReason) -> None:
        self._end(CallSignal.FAIL, reason, ServerBye(reason=reason))

    def _end(self, signal: CallSignal, reason: str, farewell: ServerMessage | None = None) -> None:
        """End the call once; whatever ends it later changes nothing."""
        if self.state not in LIVE:
            return
        self._note("turns", **self._turns.summary())
        self._advance(signal, reason)
        self._worker.cancel()
        self._soon(self._close(farewell))

    async def _close(self, farewell: ServerMessage | None) -> None:
        for name in list(self._timers):
            self._cancel(name)
        try:
            if farewell is not None:
                await self._say(farewell, close=True)
        finally:
            await self._hang_up_peer()
            self._on_end()

    def _new_peer(self) -> AnswerPeer:
        make_bot = self._studio.config.make_bot
        make_voice = voice_maker(
            self._voice, self._greeting, make_bot, self._answered, self._caption
        )
        return AnswerPeer(self, self._studio.certificate, make_voice, self._studio.ports)

    async def _hang_up_peer(self) -> None:
        """Close the peer and everything that lives on it; the call may get another one."""
        if self._hearing is not None:
            self._hearing.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._stream is not None:
            self._studio.ticker.unsubscribe(self._stream.tick)
            self._stream.end()
        self._hearing = self._heartbeat = self._stream = None
        await self._peer.close()

    def _await_path(self) -> None:
        self._after("grace", GRACE_S, lambda: self._lost("call_lost"))

    def _advance(self, signal: CallSignal, reason: str = "") -> None:
        state = advance(self.state, signal)
        if state is self.state:
            return
        self.state = state
        self._studio.recorder.move(self.call_id, state, reason)
        log.info("call %s %s%s", self.call_id, state, f": {reason}" if reason else "")

    # Small change.

    def _note(self, kind: str, **detail: str | float | bool | None) -> None:
        self._studio.recorder.note(self.call_id, kind, **detail)

    async def _say(self, message: ServerMessage, *, close: bool = False) -> None:
        if self._socket is not None:
            await self._studio.send(self._socket, message, close)

    def _after(self, name: str, delay: float, then: Callable[[], None]) -> None:
        self._cancel(name)
        self._timers[name] = self._loop.call_later(delay, then)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _soon(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
