"""The page's socket: checks what comes in, passes it to the bot, passes back what the bot says."""

import asyncio
import logging
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

from autobahn.exception import Disconnected
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from calls import metrics, relay_costs, tickets, timeline
from calls.models import CallEvent, RelayUse
from wire.protocol import (
    BotAttach,
    BotCandidate,
    BotDetach,
    BotHangup,
    BotHears,
    BotIce,
    BotMessage,
    BotOffer,
    BotVisibility,
    Bye,
    Candidate,
    ClientMessage,
    Description,
    Error,
    Hears,
    HeartbeatTerms,
    Ice,
    IceRequest,
    Offer,
    Ping,
    Pong,
    ProtocolError,
    Ready,
    Relayed,
    Report,
    Resume,
    ServerMessage,
    Visibility,
    Voice,
    for_bot,
    parse_client,
)

from . import clients, dispatch, networks
from .ice import registry

log = logging.getLogger("voicedemo.socket")

CLOSE_NO_STATUS = 1005
CLOSE_TOO_MANY_ERRORS = 4400
CLOSE_TICKET = 4401
MAX_ERRORS = 20
# Candidates and reports that outran their first offer; a browser has a handful.
MAX_EARLY_MESSAGES = 100


class CallConsumer(AsyncWebsocketConsumer):
    """One socket of one page. A call may have several, one after the other (``resume``)."""

    ticket: tickets.Ticket
    call_id: uuid.UUID
    worker: str | None = None  # the bot's channel, once the call is this socket's
    errors = 0

    async def connect(self) -> None:
        await self.accept()
        self.early: list[Candidate | Report] = []
        self.background: set[asyncio.Task[None]] = set()
        try:
            self._check_origin()
            self.ticket = tickets.read(self._query("ticket"))
        except ProtocolError as exc:
            await self._refuse(exc)
            await self.close(CLOSE_TICKET)
            return
        self.call_id = self.ticket.call_id
        await self._say_ready()

    async def disconnect(self, code: int | None) -> None:
        if self.worker:
            await self._to_bot(
                BotDetach(
                    call_id=str(self.call_id),
                    reply_to=self.channel_name,
                    code=code or CLOSE_NO_STATUS,
                )
            )

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            if text_data is None:
                raise ProtocolError("bad_message", "text only: this is binary")
            await self._handle(parse_client(text_data))
        except ProtocolError as exc:
            await self._refuse(exc)
            self.errors += 1
            if self.errors >= MAX_ERRORS:
                await self.close(CLOSE_TOO_MANY_ERRORS)

    async def page_message(self, event: dict[str, Any]) -> None:
        """From the bot: see :class:`wire.protocol.SocketEnvelope`."""
        try:
            await self.send(text_data=event["text"])
        except Disconnected:
            return  # the page is on its next socket already, or about to be
        if event["close"]:
            self.worker = None
            await self.close()

    async def _handle(self, message: ClientMessage) -> None:
        match message:
            case Offer():
                await self._offer(message)
            case Candidate():
                await self._candidate(message)
            case Resume():
                await self._resume(message)
            case Hears():
                await self._to_bot(BotHears(call_id=self._call(), media=message.media))
            case Visibility():
                await self._to_bot(BotVisibility(call_id=self._call(), hidden=message.hidden))
            case IceRequest():
                await self._say(await self._issue_ice(self._call()))
            case Ping():
                address = networks.public_address(clients.address(self.scope))
                await self._say(Pong(at=message.at, address=str(address or "")))
            case Report():
                await self._report(message)
            case Relayed():
                await self._relayed(message)
            case Bye():
                await self._bye(message)

    async def _offer(self, offer: Offer) -> None:
        voice = _voice(offer)
        for_bot = self._for_bot(offer, voice)
        if self.worker is None:
            if not for_bot.opens_call:
                raise ProtocolError("unknown_attempt", "the first offer is attempt 1")
            await self._open_call(voice)
        await self._offer_to_bot(for_bot)
        early, self.early = self.early, []
        for message in early:
            await self._handle(message)

    async def _open_call(self, voice: Voice) -> None:
        if not self.ticket.fresh:
            raise tickets.expired()
        call = await database_sync_to_async(dispatch.admit)(self.call_id, voice, self.ticket.source)
        self.worker = call.worker
        metrics.call_admitted(voice)
        log.info("call %s admitted, voice %s", self.call_id, voice)

    def _for_bot(self, offer: Description, voice: Voice) -> BotOffer:
        return BotOffer(
            call_id=str(self.call_id),
            reply_to=self.channel_name,
            sdp=offer.sdp,
            attempt=offer.attempt,
            voice=voice,
            rejoin=offer.rejoin,
            abandon=offer.abandon,
        )

    async def _offer_to_bot(self, message: BotOffer) -> None:
        await self._to_bot(message)
        # The answer does not wait for the bot's ICE servers, nor do the page's candidates.
        telling = asyncio.create_task(self._ice_to_bot())
        self.background.add(telling)
        telling.add_done_callback(self.background.discard)

    async def _ice_to_bot(self) -> None:
        issued = await self._issue_ice(str(self.call_id))
        if self.worker is not None:
            await self._to_bot(
                BotIce(
                    call_id=str(self.call_id),
                    ice_servers=issued.ice_servers,
                    page_address=networks.public_address(clients.address(self.scope)),
                )
            )

    async def _issue_ice(self, call_id: str) -> Ice:
        message, without = await registry.issue(call_id)
        if without:
            await self._note("ice-partial", without=", ".join(without))
        return message

    async def _candidate(self, message: Candidate) -> None:
        if self.worker is None:
            if message.attempt != 1:
                raise ProtocolError("unknown_attempt", "the first offer is attempt 1")
            self._keep_for_later(message)
            return
        await self._to_bot(
            BotCandidate(
                call_id=str(self.call_id),
                candidate=message.candidate,
                attempt=message.attempt,
            )
        )

    async def _resume(self, message: Resume) -> None:
        call_id = tickets.check_token(message.call_id, message.token)
        if self.worker is None or call_id != self.call_id:
            await self._take_over(call_id)
        await self._say_ready()
        if message.offer:
            # The call has a voice already.
            await self._offer_to_bot(self._for_bot(message.offer, _default_voice()))

    async def _take_over(self, call_id: uuid.UUID) -> None:
        self.worker = await database_sync_to_async(dispatch.worker_of)(call_id)
        self.call_id = call_id
        await self._to_bot(BotAttach(call_id=str(call_id), reply_to=self.channel_name))
        await self._note("socket-resumed")

    async def _report(self, message: Report) -> None:
        if self.worker is None:
            self._keep_for_later(message)
            return
        await database_sync_to_async(timeline.append_reported)(self.call_id, message.events)

    async def _relayed(self, message: Relayed) -> None:
        await database_sync_to_async(relay_costs.add)(
            uuid.UUID(self._call()),
            RelayUse.Side.PAGE,
            message.url,
            message.protocol,
            message.bytes,
            message.ms,
        )

    async def _bye(self, message: Bye) -> None:
        await self._to_bot(BotHangup(call_id=self._call(), reason=message.reason))

    def _call(self) -> str:
        if self.worker is None:
            raise ProtocolError("no_call", "there is no call on this socket")
        return str(self.call_id)

    def _keep_for_later(self, message: Candidate | Report) -> None:
        """It arrived ahead of the offer, which opens the call."""
        if len(self.early) >= MAX_EARLY_MESSAGES:
            raise ProtocolError("no_call", "there is no call on this socket yet")
        self.early.append(message)

    def _check_origin(self) -> None:
        """Only our own pages, whichever name and port they were served under."""
        headers = dict(self.scope["headers"])
        origin = headers.get(b"origin")
        if origin and urlsplit(origin.decode("latin1")).netloc.encode() != headers.get(b"host"):
            raise ProtocolError("ticket_invalid", "the page is from another origin")

    def _query(self, name: str) -> str:
        query: str = self.scope["query_string"].decode("latin1")
        return parse_qs(query).get(name, [""])[0]

    async def _say_ready(self) -> None:
        await self._say(
            Ready(
                call_id=str(self.call_id),
                token=tickets.token_for(self.call_id),
                heartbeat=HeartbeatTerms(
                    interval_s=settings.VOICEDEMO_HEARTBEAT_S,
                    liveness_s=settings.VOICEDEMO_LIVENESS_S,
                ),
                network=networks.key(clients.address(self.scope)),
            )
        )

    async def _refuse(self, exc: ProtocolError) -> None:
        metrics.message_refused(exc.code)
        await self._say(Error.of(exc))

    async def _say(self, message: ServerMessage) -> None:
        await self.send(text_data=message.to_json())

    async def _to_bot(self, message: BotMessage) -> None:
        assert self.worker
        await self.channel_layer.send(self.worker, for_bot(message))

    async def _note(self, kind: str, **detail: str) -> None:
        await database_sync_to_async(timeline.append)(
            self.call_id, CallEvent.Source.SOCKET, kind, detail
        )


def _voice(offer: Offer) -> Voice:
    """:raises ProtocolError: where a bot is asked for, and none is plugged in."""
    if offer.voice == "bot" and not settings.VOICEDEMO_BOT:
        raise ProtocolError("bad_message", "voice: there is no bot here (VOICEDEMO_BOT)")
    return offer.voice or _default_voice()


def _default_voice() -> Voice:
    return "bot" if settings.VOICEDEMO_BOT else "parrot"
