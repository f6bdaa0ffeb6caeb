"""The bot's part of a process: takes messages off its channel and keeps its calls."""

import asyncio
import logging
import uuid
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from aiortc import RTCCertificate
from channels.layers import BaseChannelLayer
from pydantic import ValidationError

from calls import metrics
from fleet.base import Fleet, FleetError, Snapshots
from wire.bot import Attach, Taken, ToBot, ToPage
from wire.errors import ProtocolError
from wire.page import Offer
from wire.server import Error, ServerMessage
from wire.snapshots import CallSnapshot
from wire.states import LIVE

from .call.leases import Leases
from .call.offered import Offered
from .call.records import Recorder
from .call.resources import Greeting, WorkerResources
from .call.session import Session
from .call.snapshots import KeptCalls
from .config import BotConfig
from .ice.endpoints import IceEndpoints
from .media.ticker import Ticker
from .membership import Membership
from .speech.store import SpeechError, SpeechStore
from .voices.tone import tone

log = logging.getLogger("voicedemo.worker")


DRAIN_LOOK_S = 0.2
MOVES_AT_ONCE = 20
"""A hundred calls a second move. All at once, they would wait for each other."""
PAUSE_WITHIN_S = 15.0
"""So long a worker that stops waits for a pause in each call. Few sentences take longer."""


class Worker:
    """Every call of this process.

    :param inbox: the name of the channel this worker listens on (:func:`fleet.lease.new_channel`).
    :param fleet: the workers that this one is one of.
    :param snapshots: where what its calls know is kept for other workers; None if there is no other
        process.
    """

    def __init__(
        self,
        layer: BaseChannelLayer,
        inbox: str,
        config: BotConfig,
        fleet: Fleet,
        snapshots: Snapshots | None = None,
    ) -> None:
        self._layer = layer
        self.inbox = inbox
        self._config = config
        self._fleet = fleet
        self._snapshots = snapshots
        self._calls: dict[uuid.UUID, Session] = {}
        self._is_draining = False
        self._lost: set[asyncio.Task[None]] = set()
        self._inbox_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Get everything ready that a call would otherwise wait for, then take calls."""
        self._recorder = Recorder(self.inbox)
        self._endpoints = IceEndpoints(self._config.ice, metrics.handed_over)
        await self._endpoints.open()
        self._resources = WorkerResources(
            config=self._config,
            certificate=RTCCertificate.generateCertificate(),
            ticker=Ticker(),
            recorder=self._recorder,
            endpoints=self._endpoints,
            greeting=await self._greeting(),
            send=self._send,
            recall=self._recall,
        )
        self._kept = KeptCalls(self._snapshots, self._going_on) if self._snapshots else None
        self._leases = Leases(self._recorder.threads, self.inbox, self._live, self._line_lost)
        self._offered = Offered(self._leases.take, self._open)
        metrics.watch_queues(lambda: self._recorder.waiting, self._waiting)
        self._inbox_task = asyncio.get_running_loop().create_task(self._run())
        self._inbox_task.add_done_callback(self._deaf)
        self._membership = Membership(
            self._fleet,
            self.inbox,
            self._config.max_calls,
            lambda: len(self._calls),
            self._leases.check_now,
        )
        await self._membership.join()

    async def drain(self, limit_s: float) -> None:
        """Let the calls move to other workers. Returns when all have, or after ``limit_s``.

        Each moves in a pause, or without one after ``PAUSE_WITHIN_S``. A page leaves us only when
        it is connected to its next worker. Until then we go on.
        """
        self._is_draining = True
        self._membership.drain()
        loop = asyncio.get_running_loop()
        began = loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while self._calls:
                    if await self._membership.has_others():
                        if self._kept:
                            await self._kept.keep()
                        self._ask_to_move(in_pause=loop.time() - began < PAUSE_WITHIN_S)
                    self._leases.check_now()
                    await asyncio.sleep(DRAIN_LOOK_S)

    def _ask_to_move(self, *, in_pause: bool) -> None:
        asked = (call for call in self._going_on() if call.ask_to_move(in_pause=in_pause))
        for _ in islice(asked, MOVES_AT_ONCE):
            pass

    async def stop(self) -> None:
        """End all calls. Returns when their rows are written. Does nothing the second time."""
        if self._inbox_task is None:
            return
        self._inbox_task.cancel()
        self._inbox_task = None
        self._offered.stop()
        self._leases.stop()
        await self._membership.leave()
        await asyncio.gather(*(call.close("server_stopping") for call in self._calls.values()))
        if self._kept:
            await self._kept.stop()
        self._endpoints.close()
        await self._recorder.stop()

    async def _greeting(self) -> Greeting:
        text = self._config.greeting
        try:
            return Greeting(await SpeechStore(self._config.speech_folder).packets(text), text)
        except SpeechError as exc:
            log.warning("no speech on this machine, a tone greets instead: %s", exc)
            return Greeting(tone())

    async def _run(self) -> None:
        while True:
            event = await self._layer.receive(self.inbox)
            try:
                await self._dispatch(event)
            except Exception:
                # One call's message must not cost all others their worker.
                log.exception("a message could not be dispatched")

    def _deaf(self, task: asyncio.Task[None]) -> None:
        """Nothing is read any more, which only a fault can cause while the worker is not stopped.

        Its calls go on. No others come, and those that can move do: `/readyz` says so too.
        """
        if not task.cancelled():
            log.critical("the worker reads no messages any more", exc_info=task.exception())
            self._leaving = asyncio.ensure_future(self._membership.leave())

    async def _dispatch(self, event: dict[str, Any]) -> None:
        try:
            envelope = ToBot.model_validate(event)
        except ValidationError:
            log.exception("not an envelope of this version")
            return
        call = self._calls.get(envelope.call_id)
        if call is not None:
            call.post(envelope)
            await self._say_taken(envelope)
        elif self._offered.keep(envelope):
            pass
        elif _opens_call(envelope):
            self._offered.add(envelope)
        elif _needs_call(envelope):
            problem = ProtocolError("call_unknown", "this call is over")
            await self._send(envelope.reply_to, Error.of(problem), True)
        # Anything else is about a call that has just ended.

    async def _open(self, messages: list[ToBot]) -> None:
        """Begin a call, or go on with one that has moved to this worker.

        :param messages: what came for it, first the offer that opens it.
        """
        first = messages[0]
        call_id, offer = first.call_id, first.message
        assert isinstance(offer, Offer)
        assert offer.voice is not None
        call = Session(
            call_id,
            first.reply_to,
            offer.voice,
            self._resources,
            partial(self._forget, call_id),
            has_moved=offer.rejoin,
        )
        self._calls[call_id] = call
        self._membership.taken(call_id)
        for envelope in messages:
            call.post(envelope)
        for envelope in messages:
            await self._say_taken(envelope)

    async def _say_taken(self, envelope: ToBot) -> None:
        """Tell a socket that does not know it that the call is here."""
        message = envelope.message
        if _opens_call(envelope) or (isinstance(message, Attach) and not message.is_taken):
            with suppress(FleetError):  # the database says so too
                await self._layer.send(envelope.reply_to, Taken(sender=self.inbox).event())

    async def _recall(self, call_id: uuid.UUID) -> CallSnapshot:
        return await self._kept.recall(call_id) if self._kept else CallSnapshot()

    def _waiting(self) -> int:
        """How many messages of pages wait for their calls. Prometheus asks from a thread."""
        return sum(call.waiting for call in list(self._calls.values()))

    def _going_on(self) -> list[Session]:
        return [call for call in self._calls.values() if call.state in LIVE]

    def _live(self) -> list[uuid.UUID]:
        return [call.call_id for call in self._going_on()]

    def _line_lost(self, call_id: uuid.UUID) -> None:
        """End a call that another worker has, or that another server has given up, as when this
        machine was asleep.
        """
        call = self._calls.get(call_id)
        if call and not (self._is_draining and call.is_heard):
            ending = asyncio.ensure_future(call.close("call_lost"))
            self._lost.add(ending)
            ending.add_done_callback(self._lost.discard)

    def _forget(self, call_id: uuid.UUID) -> None:
        del self._calls[call_id]

    async def _send(self, channel: str, message: ServerMessage, close: bool) -> None:
        await self._layer.send(channel, ToPage.of(self.inbox, message, close=close).event())


def _opens_call(envelope: ToBot) -> bool:
    """Whether this is an offer that opens a call, or moves one to this worker. Its socket has
    admitted the call, or knows that no worker has taken it, and has set the voice. Any other offer
    has none.
    """
    return isinstance(envelope.message, Offer) and envelope.message.voice is not None


def _needs_call(envelope: ToBot) -> bool:
    """Whether the page must be told if there is no such call."""
    message = envelope.message
    return isinstance(message, Offer) or (isinstance(message, Attach) and message.is_taken)
