"""One peer connection of a call, with its audio, heartbeat and silence detector."""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Literal, Protocol

from aioice.candidate import Candidate
from aiortc import RTCDataChannel

from calls import metrics
from wire.bot import Relays
from wire.constants import Voice as VoiceName
from wire.errors import ProtocolError
from wire.model import IceCandidate
from wire.page import Candidate as CandidateMessage
from wire.page import Hears
from wire.server import DeadRelays as DeadRelaysMessage
from wire.server import Error, Says, Turn

from ..ice.failures import ServerFailure
from ..ice.path import Path
from ..ice.switch import PathState
from ..ice.turn import TurnServer, turn_servers
from ..media.packet import FRAME_S
from ..media.rtp import RtpSender
from ..media.stream import AudioStream
from ..media.voice import Voice
from ..peer import sdp
from ..peer.peer import AnswerPeer
from ..voices.factory import GREETING_VOICES, LISTENING_VOICES, make_voice
from .allowance import Allowance
from .dead_relays import DeadRelays
from .generations import GenerationFence
from .heartbeat import CHANNEL_LABEL, Heartbeat
from .page_line import PageLine
from .records import CallRecord
from .resources import Greeting, WorkerResources
from .restarts import Restarts
from .silence import SilenceDetector
from .timers import Timers
from .turns import Turns

log = logging.getLogger("voicedemo.call")

READING_S = 1.0
"""How long a caption stays on the page after it has been said."""
UNKNOWN_PROVIDER = "other"
MAX_TYPE_CHARS = len("srflx")
"""A page may write anything in the place of a candidate's type."""
DOUBTS_AT_ONCE = 5
DOUBTS_PER_S = 2.5
"""A page says that it hears nothing after 400 ms of silence, so an honest one does not say it more
often."""


class ConnectionEvents(Protocol):
    """Receives the events of a connection."""

    def path_up(self) -> None: ...

    def path_down(self) -> None: ...

    def peer_closed(self) -> None: ...

    def peer_failed(self, why: str) -> None: ...

    def bot_failed(self) -> None:
        """The plugged-in bot raised an exception, which has been logged."""
        ...

    def peer_raised(self, fault: BaseException, *, is_fatal: bool) -> None: ...


class Connection:
    """An :class:`AnswerPeer` with its audio stream, its heartbeat and its silence detector.

    It tells the page about them and writes the call's record itself. The call receives only the
    events that change its state.

    :param greeting: what the bot says when the media start. It is empty if the call goes on over a
        new connection.
    :param snapshot: what the voice of the call's last connection knew.
    """

    def __init__(
        self,
        call_id: uuid.UUID,
        voice: VoiceName,
        greeting: Greeting,
        snapshot: bytes,
        resources: WorkerResources,
        *,
        line: PageLine,
        record: CallRecord,
        timers: Timers,
        generations: GenerationFence,
        turns: Turns,
        events: ConnectionEvents,
    ) -> None:
        self._call_id = call_id
        self._voice = voice
        self._greeting = greeting
        self._snapshot = snapshot
        self._resources = resources
        self._line = line
        self._record = record
        self._timers = timers
        self._generations = generations
        self._turns = turns
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._providers: dict[str, str] = {}
        self._failed: set[str] = set()
        self._dead_relays = DeadRelays()
        self._doubts = Allowance(DOUBTS_AT_ONCE, DOUBTS_PER_S)
        self._stream: AudioStream | None = None
        self._heartbeat: Heartbeat | None = None
        self._detector: SilenceDetector | None = None
        self._heard_until = 0.0
        """When the last packet before a silence arrived, in seconds of the loop's clock."""
        self._restarts = Restarts()
        self._peer = AnswerPeer(self, resources.certificate, self._make_voice, resources.endpoints)

    @property
    def has_started(self) -> bool:
        """Whether its media have started."""
        return self._stream is not None

    @property
    def is_proved(self) -> bool:
        """Whether the page has sent an authentic connectivity check or answer."""
        return self._peer.is_proved

    @property
    def is_in_pause(self) -> bool:
        """Whether nothing that is said is lost if the call moves to another worker now."""
        return self._stream is None or self._stream.is_in_pause

    def snapshot(self) -> bytes:
        """What the voice of the call's next connection needs to know."""
        return self._stream.snapshot() if self._stream else self._snapshot

    def go_on_from(self, snapshot: bytes) -> None:
        """Let the voice know what that of another worker knew. Does nothing once it speaks."""
        self._snapshot = snapshot

    @property
    def silence_s(self) -> float:
        """Seconds since anything but STUN arrived."""
        return self._loop.time() - self._peer.last_heard

    async def answer(self, offer: str, *, abandon: bool) -> str:
        """Answer an SDP offer: see :meth:`AnswerPeer.answer`."""
        return await self._peer.answer(offer, abandon=abandon)

    def restarted(self) -> None:
        """The offer that was just answered restarted ICE."""
        self._restarts.began()

    def add_candidate(self, signalled: IceCandidate | None) -> None:
        """Add a candidate of the page. ``None`` or an empty one: there are no more.

        :raises ProtocolError: ``bad_message`` if it is malformed.
        """
        if signalled is None or not signalled.candidate:
            self._peer.add_candidate(None)
            return
        try:
            candidate = sdp.read_candidate(signalled)
            if candidate is not None:
                self._peer.add_candidate(candidate, len(signalled.candidate))
                self._note_candidate("page", candidate)
        except ValueError as exc:
            raise ProtocolError("bad_message", f"candidate: {exc}") from None

    def use_relays(self, relays: Relays) -> None:
        self._providers |= relays.providers
        servers = turn_servers(relays.ice_servers)
        self._dead_relays = DeadRelays(servers)
        self._record.note(
            "ice-servers",
            turn=" ".join(sorted({server.protocol for server in servers})),
            providers=" ".join(sorted({relays.providers.get(s.url, "") for s in servers})),
        )
        self._peer.use_turn(servers, relays.page_address)

    def heard_by_page(self, *, media: bool) -> None:
        """The page says whether it receives anything from the bot."""
        self._record.note("heard", media=media)
        if not media and self._doubts.take():
            self._peer.doubt_path()

    async def close(self) -> None:
        """Close the peer and everything that lives on it.

        :raises Exception: what one of them raises, after the others have been closed.
        """
        async with AsyncExitStack() as parts:  # it closes the last one first
            parts.push_async_callback(self._peer.close)
            parts.callback(self._restarts.close)
            if self._stream is not None:
                parts.callback(self._stream.end)
                parts.callback(self._resources.ticker.unsubscribe, self._stream.tick)
            if self._heartbeat is not None:
                parts.callback(self._heartbeat.stop)
            if self._detector is not None:
                parts.callback(self._detector.stop)
            self._detector = self._heartbeat = self._stream = None

    # Events of the peer (PeerObserver).

    def path_state(self, state: PathState) -> None:
        if not self.has_started:
            return
        if state is PathState.CONNECTED:
            self._events.path_up()
        elif state is PathState.DISCONNECTED:
            self._events.path_down()

    def path_changed(self, path: Path) -> None:
        self._restarts.path_changed(path)
        self._record.path(self._generations.current, path.describe())

    def pair_nominated(self, pair: dict[str, str]) -> None:
        self._record.note("nominated", generation=self._generations.current, **pair)

    def local_candidate(self, candidate: Candidate | None, ufrag: str) -> None:
        signalled = sdp.signalled_candidate(candidate, ufrag) if candidate else None
        if candidate is not None:
            self._note_candidate("bot", candidate)
        generation = self._generations.current
        self._line.say_soon(CandidateMessage(candidate=signalled, generation=generation))

    def relayed(self, url: str, protocol: str, count: int, ms: int) -> None:
        provider = self._providers.get(url, UNKNOWN_PROVIDER)
        self._record.relayed(provider, protocol, count, ms)

    def server_failed(self, failure: ServerFailure) -> None:
        if self._dead_relays.fail(failure.url):
            self._line.say_soon(DeadRelaysMessage(protocols=self._dead_relays.protocols))
        if failure.url in self._failed:
            return  # it was asked from another address, or in the generation before
        self._failed.add(failure.url)
        log.info("call %s: %s: %d %s", self._call_id, failure.url, failure.code, failure.text)
        self._record.note("candidate-error", **asdict(failure))

    def relays_gathered(self, asked: Sequence[TurnServer], found: Sequence[TurnServer]) -> None:
        alive = {server.protocol for server in found}
        self._record.note(
            "gathered",
            generation=self._generations.current,
            turn_servers=len(asked),
            relays=len(found),
            dead=" ".join(p for p in self._dead_relays.protocols if p not in alive),
        )

    def audio_started(self, stream: AudioStream) -> None:
        self._stream = stream
        self._resources.ticker.subscribe(stream.tick)
        self._detector = SilenceDetector(lambda: self._peer.last_heard, self._receiving_changed)
        self._events.path_up()
        if not self._greeting.packets:
            self._caption("")  # the last connection may have left one on the page
        if self._greeting.packets and self._voice in GREETING_VOICES:
            self._caption(self._greeting.caption)
        if self._greeting.packets and self._voice in LISTENING_VOICES:
            seconds = len(self._greeting.packets) * FRAME_S
            self._timers.start("caption", seconds + READING_S, lambda: self._caption(""))

    def data_channel(self, channel: RTCDataChannel) -> None:
        if channel.label != CHANNEL_LABEL or self._heartbeat is not None:
            return
        self._heartbeat = Heartbeat(
            channel,
            interval=self._resources.config.heartbeat_s,
            liveness=self._resources.config.liveness_s,
            on_dead=self._heartbeat_lost,
            on_rtt=self._record.round_trip,
        )

    def peer_closed(self) -> None:
        self._events.peer_closed()

    def peer_failed(self, why: str) -> None:
        self._events.peer_failed(why)

    def peer_raised(self, fault: BaseException, *, is_fatal: bool) -> None:
        self._events.peer_raised(fault, is_fatal=is_fatal)

    def _make_voice(self, sender: RtpSender) -> Voice:
        return make_voice(
            self._call_id,
            self._voice,
            sender,
            self._greeting.packets,
            self._snapshot,
            self._resources.config.make_bot,
            self._answered,
            self._caption,
            self._events.bot_failed,
        )

    def _note_candidate(self, side: Literal["page", "bot"], candidate: Candidate) -> None:
        """Note a trickled candidate, without its address."""
        self._record.note(
            "candidate",
            generation=self._generations.current,
            side=side,
            type=candidate.type[:MAX_TYPE_CHARS],
            protocol=candidate.transport.lower(),
        )

    # Events of the silence detector, the voice and the heartbeat.

    def _receiving_changed(self, receives: bool) -> None:
        if receives:
            metrics.gap(self._peer.last_heard - self._heard_until)
        else:
            self._heard_until = self._peer.last_heard
        self._record.note("hears", media=receives)
        self._line.say_soon(Hears(media=receives))

    def _answered(self, waited_s: float) -> None:
        ms = round(1000 * waited_s)
        self._turns.add(ms)
        self._record.answered(ms)
        self._line.say_soon(Turn(ms=ms))

    def _caption(self, text: str) -> None:
        self._line.say_soon(Says(text=text))

    def _heartbeat_lost(self) -> None:
        self._record.note("heartbeat-lost")
        problem = ProtocolError("heartbeat_lost", "no heartbeat from the page", retryable=True)
        self._line.say_soon(Error.of(problem))
