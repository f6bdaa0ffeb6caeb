"""The page's socket. It validates the page's messages and passes them on to the bot and back."""

import asyncio
import logging
import time
import uuid
from collections.abc import Collection, Coroutine
from contextlib import suppress
from typing import Any, assert_never

from autobahn.exception import Disconnected
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from pydantic import ValidationError

from calls import labels, metrics, relay_costs, tickets, timeline
from fleet.base import FleetError
from wire.bot import Detach, Relays, Taken, ToPage
from wire.constants import CLOSE_IDLE, IDLE_S, Voice
from wire.errors import ProtocolError
from wire.page import (
    Bye,
    Candidate,
    Hears,
    IceRequest,
    Offer,
    PageMessage,
    Ping,
    Relayed,
    Report,
    Resume,
    Visibility,
    Wait,
    parse_page,
)
from wire.server import (
    Enter,
    Error,
    HeartbeatTerms,
    Ice,
    Move,
    Pong,
    Ready,
    ServerMessage,
    Waiting,
)

from . import (
    admission,
    clients,
    database,
    dispatch,
    handshake,
    networks,
    reported,
    sockets,
    waiting_room,
)
from .bot_line import BotLine, reserve
from .early import Early
from .ice import issuing, registry
from .limits import Buckets
from .watch import watch

log = logging.getLogger("voicedemo.socket")

CLOSE_NO_STATUS = 1005
CLOSE_TRY_AGAIN = 4503
CLOSE_TOO_MANY_ERRORS = 4400
CLOSE_TICKET = 4401
MAX_ERRORS = 20
MOVE_AGAIN_S = 2.0
"""A worker that has died is up again within this time, if it can be."""


class CallConsumer(AsyncWebsocketConsumer):
    """One socket of one page. A call may use several, one after the other (``resume``)."""

    ticket: tickets.Ticket
    call_id: uuid.UUID
    told_to_move = ""
    """The worker that the page was told to leave."""
    is_waiting = False
    """Whether the page waits for a line (:mod:`signaling.waiting_room`)."""
    idle_timer: asyncio.TimerHandle | None = None
    errors = 0

    async def connect(self) -> None:
        self.bot = BotLine(self.channel_name, self.channel_layer.send)
        self.early = Early()
        offered = self.scope.get("subprotocols", ())
        await self.accept(handshake.SUBPROTOCOL if handshake.SUBPROTOCOL in offered else None)
        self.background: set[asyncio.Task[None]] = set()
        self.rates = {kind: Buckets(*rate) for kind, rate in sockets.RATES.items()}
        self.other_rate = Buckets(*sockets.OTHER_RATE)
        self.network = networks.key(clients.address(self.scope))
        try:
            handshake.check_origin(self.scope)
            self.ticket = tickets.read(handshake.ticket(self.scope))
        except ProtocolError as exc:
            await self._refuse(exc)
            await self.close(CLOSE_TICKET)
            return
        self.call_id = self.ticket.call_id
        self.nonce = tickets.new_nonce()
        room = await sockets.open_sockets.add(self, self.ticket.call_id.hex, self.network)
        if room.is_there:
            await self._ask_for_room(room.elsewhere)
            self._watch_idle()
            await self._say_ready()
        else:
            await self._refuse(ProtocolError("busy", "too many sockets", retryable=True))
            await self.close(sockets.CLOSE_FULL)

    @property
    def bot_channel(self) -> str | None:
        """The channel of the call's worker; None until this socket has a call."""
        return self.bot.channel

    async def disconnect(self, code: int | None) -> None:
        if self.idle_timer:
            self.idle_timer.cancel()
        if hasattr(self, "ticket"):
            sockets.open_sockets.remove(self, self.ticket.call_id.hex, self.network)
        if self.is_waiting:
            waiting_room.waiting_room.forget(self)
        self.bot.stop_placing()
        if self.bot.channel:
            with suppress(FleetError):  # the worker finds out when the next socket attaches
                await self.bot.send(Detach(code=code or CLOSE_NO_STATUS))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.errors >= MAX_ERRORS:
            return  # the socket is closing, and this was on its way
        message = None
        try:
            if text_data is None:
                raise ProtocolError("bad_message", "binary message: send text")
            message = parse_page(text_data)
            self._check_rate(message)
            await self._handle(message)
        except ProtocolError as exc:
            if exc.code == "internal" and isinstance(message, Resume):
                # The call is well, and may be there for the page's next socket.
                await self.close(CLOSE_TRY_AGAIN)
                return
            await self._refuse(exc)
            self.errors += 1
            if self.errors >= MAX_ERRORS:
                await self.close(CLOSE_TOO_MANY_ERRORS)
        except FleetError as exc:
            # The page's next socket sends what this one could not.
            about = {"call": self.call_id}
            log.warning("a socket cannot reach its call's worker: %s", exc, extra=about)
            await self.close(CLOSE_TRY_AGAIN)

    async def page_message(self, event: dict[str, Any]) -> None:
        """Pass on a message of the bot (:class:`wire.bot.ToPage`)."""
        try:
            envelope = ToPage.model_validate(event)
        except ValidationError:
            log.exception("a message of the bot is malformed or of another version, and is dropped")
            return
        if envelope.sender != self.bot.channel:
            return  # from a worker that was taken for dead, or from the last one, on its way out
        try:
            await self.send(text_data=envelope.text)
        except Disconnected:
            return  # the page has its next socket, or will have it soon
        if envelope.close:
            self.bot.close()
            await self.close()

    async def call_taken(self, event: dict[str, Any]) -> None:
        """A worker has the call (:class:`wire.bot.Taken`)."""
        self.bot.taken(Taken.model_validate(event).sender)

    async def make_room(self, event: dict[str, Any]) -> None:
        """The ticket has newer sockets enough, in another process."""
        if self.bot.channel is None:
            await self.close(sockets.CLOSE_REPLACED)

    async def move_from(self, channel: str) -> None:
        if channel == self.bot.channel and channel != self.told_to_move and not self.bot.is_placing:
            self.told_to_move = channel
            await self._say(Move())

    async def _handle(self, message: PageMessage) -> None:
        match message:
            case Offer():
                await self._offer(message)
            case Candidate():
                await self._candidate(message)
            case Wait():
                await self._wait()
            case Bye() if self.is_waiting:
                await self.leave_line()
            case Hears() | Visibility() | Bye():
                self._require_call()
                await self.bot.send(message)
            case Resume():
                await self._resume(message)
            case IceRequest():
                self._require_call()
                await self._say(await self._issue_ice())
            case Ping():
                address = networks.public_address(clients.address(self.scope))
                now = round(1000 * time.time())
                await self._say(Pong(at=message.at, now=now, address=str(address or "")))
            case Report():
                await self._report(message)
            case Relayed():
                await self._relayed(message)
            case _:
                assert_never(message)

    # The call.

    async def _offer(self, offer: Offer) -> None:
        if self.bot.channel is None:
            if not offer.opens_call:
                raise ProtocolError("unknown_generation", "the first offer must be generation 1")
            try:
                await self._open_call(_voice(offer))
            except ProtocolError as exc:
                if not self._may_wait(exc):
                    raise
                log.info("call %s waits for a line: %s", self.call_id, exc)
                await self._wait(found_no_line=True)
                return
        elif await watch.gone({self.bot.channel}):
            if offer.generation > 1:
                await self.move_from(self.bot.channel)
                return
            try:
                await self._move_call(self.bot.channel)
            except ProtocolError as exc:
                self._move_later(exc)
                return
            offer = offer.model_copy(update={"rejoin": True})
        elif offer.generation == 1 and await dispatch.is_draining(self.bot.channel):
            with suppress(ProtocolError):  # then it stays where it is
                await self._move_call(self.bot.channel)
        elif self.bot.needs_worker:
            # This socket took the call over, and no worker has it.
            if offer.generation > 1 and not offer.rejoin:
                await self.move_from(self.bot.channel)
                return
            offer = offer.model_copy(update={"rejoin": True})
        await self._offer_to_bot(offer)
        for message in self.early.take():
            await self._handle(message)

    async def _open_call(self, voice: Voice) -> None:
        if not (self.ticket.is_fresh or self.is_waiting):
            raise tickets.expired()
        channel = await reserve(self.call_id)
        try:
            await database.ask(
                admission.admit,
                self.call_id,
                voice,
                self.ticket.label,
                channel,
                network=self.network,
                nonce=self.nonce,
            )
        except ProtocolError:
            await dispatch.release(self.call_id, channel)
            raise
        if self.is_waiting:
            self.is_waiting = False
            waiting_room.waiting_room.forget(self)
        self.bot.begin(self.call_id, dispatch.Given(channel, voice))
        metrics.call_admitted(voice)
        log.info("call %s admitted, voice %s", self.call_id, voice)

    # The line.

    def _may_wait(self, exc: ProtocolError) -> bool:
        """Whether the page may wait until the offer that failed so can be taken. A self-test waits
        for nothing, as people are waiting for it.
        """
        is_for_a_while = exc.code == "busy" or isinstance(exc, dispatch.WorkersUnknownError)
        return is_for_a_while and self.ticket.label != labels.SELF_TEST

    async def _wait(self, *, found_no_line: bool = False) -> None:
        if self.bot.channel is not None:
            raise ProtocolError("bad_message", "there is a call on this socket")
        self.early.forget_candidates()
        is_fresh = self.ticket.is_fresh or self.is_waiting
        await waiting_room.waiting_room.join(self, is_fresh=is_fresh, found_no_line=found_no_line)
        self.is_waiting = True

    async def leave_line(self) -> None:
        self.is_waiting = False
        await waiting_room.waiting_room.leave(self)

    async def tell_place(self, place: int) -> None:
        await self._say(Waiting(place=place))

    async def let_in(self) -> None:
        await self._say(Enter())

    async def _move_call(self, before: str) -> None:
        """Give the call to another worker, unless the page's other socket has done so."""
        if not await self.bot.move(before):
            return
        metrics.call_moved()
        log.info("call %s moves to another worker", self.call_id)
        # The worker does not wait until this is written.
        self._in_background(self._note("moved"))

    def _move_later(self, exc: ProtocolError) -> None:
        """Let the page be told again in a while, if its call is not over.

        :raises ProtocolError: if it is.
        """
        if not exc.retryable:
            raise exc
        log.info("call %s cannot move yet: %s", self.call_id, exc)
        asyncio.get_running_loop().call_later(MOVE_AGAIN_S, self._forget_move)

    def _forget_move(self) -> None:
        self.told_to_move = ""

    async def _offer_to_bot(self, offer: Offer) -> None:
        await self.bot.offer(offer)
        # Neither the answer nor the page's candidates wait for the bot's ICE servers.
        self._in_background(self._relays_to_bot())

    async def _relays_to_bot(self) -> None:
        issued = await self._issue_ice()
        if self.bot.channel is None:
            return
        urls = [url for server in issued.ice_servers for url in server.urls]
        relays = Relays(
            ice_servers=issued.ice_servers,
            providers={url: registry.provider_of(url) for url in urls},
            page_address=networks.public_address(clients.address(self.scope)),
        )
        with suppress(FleetError):  # the call's next offer brings them
            await self.bot.send(relays)

    async def _issue_ice(self) -> Ice:
        client = clients.address(self.scope)
        message, without = await issuing.issue(str(self.call_id), client, in_call=True)
        if without:
            await self._note("ice-partial", without=", ".join(without))
        return message

    async def _candidate(self, message: Candidate) -> None:
        if self.bot.channel is not None:
            await self.bot.send(message)
        elif self.is_waiting:
            return  # of the peer connection that the page has closed
        elif message.generation == 1:
            self.early.keep(message)
        else:
            raise ProtocolError("unknown_generation", "the first offer must be generation 1")

    async def _resume(self, message: Resume) -> None:
        if self.is_waiting:
            await self.leave_line()  # the place is that of the ticket, and the call may be another
        call_id, nonce = tickets.check_token(message.call_id, message.token)
        if self.bot.channel is None or (call_id, nonce) != (self.call_id, self.nonce):
            await self._take_over(call_id, nonce)
        await self._say_ready()
        if message.offer:
            await self._offer(message.offer)

    async def _take_over(self, call_id: uuid.UUID, nonce: str) -> None:
        given = await database.ask(dispatch.holder, call_id, nonce)
        self.call_id, self.nonce = call_id, nonce
        await self.bot.attach(call_id, given)
        await self._note("socket-resumed")

    async def _report(self, message: Report) -> None:
        if self.bot.channel is None:
            self.early.keep(message)
            return
        reported.count(message.events)
        await database.write_down(timeline.append_reported, self.call_id, message.events)

    async def _relayed(self, message: Relayed) -> None:
        self._require_call()
        await database.write_down(
            relay_costs.add_reported,
            self.call_id,
            registry.provider_of(message.url),
            message.protocol,
            message.bytes,
            message.ms,
        )

    def _require_call(self) -> None:
        if self.bot.channel is None:
            raise ProtocolError("no_call", "there is no call on this socket")

    # The socket.

    async def _ask_for_room(self, channels: Collection[str]) -> None:
        for channel in channels:
            with suppress(FleetError):  # then the ticket has one too many for a while
                await self.channel_layer.send(channel, {"type": "make.room"})

    def _watch_idle(self) -> None:
        loop = asyncio.get_running_loop()
        self.idle_timer = loop.call_later(IDLE_S, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """A page that nobody taps needs no socket. It opens another one at the tap."""
        if self.is_waiting:
            self._watch_idle()
        elif self.bot.channel is None:
            self._in_background(self.close(CLOSE_IDLE))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def _check_rate(self, message: PageMessage) -> None:
        if self.rates.get(message.type, self.other_rate).take(""):
            raise ProtocolError("bad_message", f"too many of type {message.type}", retryable=True)

    async def _say_ready(self) -> None:
        await self._say(
            Ready(
                call_id=str(self.call_id),
                token=tickets.token_for(self.call_id, self.nonce),
                heartbeat=HeartbeatTerms(
                    interval_s=settings.VOICEDEMO_HEARTBEAT_S,
                    liveness_s=settings.VOICEDEMO_LIVENESS_S,
                ),
                network=self.network,
            )
        )

    async def _refuse(self, exc: ProtocolError) -> None:
        metrics.message_refused(exc.code)
        await self._say(Error.of(exc))

    async def _say(self, message: ServerMessage) -> None:
        with suppress(Disconnected):  # disconnect() is called in a moment
            await self.send(text_data=message.to_json())

    async def _note(self, kind: str, **detail: str) -> None:
        await database.write_down(timeline.append_by_socket, self.call_id, kind, detail)


def _voice(offer: Offer) -> Voice:
    """Return the voice that the offer asks for, or the default.

    :raises ProtocolError: if it asks for a plugged-in bot and no bot is plugged in.
    """
    if offer.voice == "bot" and not settings.VOICEDEMO_BOT:
        raise ProtocolError("bad_message", "voice: no bot is plugged in (VOICEDEMO_BOT)")
    return offer.voice or ("bot" if settings.VOICEDEMO_BOT else "parrot")
