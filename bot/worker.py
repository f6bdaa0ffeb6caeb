"""The bot's process-wide part: takes messages off its channel and keeps its calls."""

import asyncio
import logging
from functools import partial
from typing import Any

from aiortc import RTCCertificate
from channels.layers import BaseChannelLayer
from pydantic import ValidationError

from wire.protocol import (
    BotDetach,
    BotEnvelope,
    BotMessage,
    BotOffer,
    Error,
    ProtocolError,
    ServerMessage,
    for_page,
)

from .call.records import Recorder, end_left_behind
from .call.session import Session, Studio
from .config import BotConfig
from .ice.endpoints import IceEndpoints
from .media.ticker import Ticker
from .speech.store import SpeechError, SpeechStore
from .voices.tone import tone

log = logging.getLogger("voicedemo.worker")


class Worker:
    """Every call of this process.

    :param inbox: name of the channel this worker listens on.
    """

    def __init__(self, layer: BaseChannelLayer, inbox: str, config: BotConfig) -> None:
        self._layer = layer
        self._inbox = inbox
        self._config = config
        self._calls: dict[str, Session] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, is_alone: bool = True) -> None:
        """Get everything ready that a call would otherwise wait for, then take calls.

        :param is_alone: no other process has calls, so those that seem up were left behind.
        """
        left_behind = await end_left_behind() if is_alone else 0
        if left_behind:
            log.warning("calls left behind by the last run: %d", left_behind)
        self._recorder = Recorder()
        self._ports = IceEndpoints(self._config.ice)
        await self._ports.open()
        greeting, caption = await self._greeting()
        self._studio = Studio(
            config=self._config,
            certificate=RTCCertificate.generateCertificate(),
            ticker=Ticker(),
            recorder=self._recorder,
            ports=self._ports,
            greeting=greeting,
            caption=caption,
            send=self._send,
        )
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End all calls and return when their rows are written."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(*(call.close("server_stopping") for call in self._calls.values()))
        self._ports.close()
        await self._recorder.stop()

    async def _greeting(self) -> tuple[tuple[bytes, ...], str]:
        """As packets, and in words."""
        text = self._config.greeting
        try:
            return await SpeechStore(self._config.speech_folder).packets(text), text
        except SpeechError as exc:
            log.warning("no speech on this machine, a tone greets instead: %s", exc)
            return tone(), ""

    async def _run(self) -> None:
        while True:
            await self._dispatch(await self._layer.receive(self._inbox))

    async def _dispatch(self, event: dict[str, Any]) -> None:
        try:
            message = BotEnvelope.model_validate(event).message
        except ValidationError:
            log.exception("a message that no socket of this version sends")
            return
        call = self._calls.get(message.call_id)
        if call is None and isinstance(message, BotOffer) and message.opens_call:
            call = Session(message, self._studio, partial(self._forget, message.call_id))
            self._calls[message.call_id] = call
        if call is not None:
            call.post(message)
        else:
            await self._unknown(message)

    def _forget(self, call_id: str) -> None:
        del self._calls[call_id]

    async def _unknown(self, message: BotMessage) -> None:
        reply_to = getattr(message, "reply_to", None)
        if reply_to is None or isinstance(message, BotDetach):
            return  # about a call that has just ended
        problem = ProtocolError("call_unknown", "this call is over")
        await self._send(reply_to, Error.of(problem), True)

    async def _send(self, channel: str, message: ServerMessage, close: bool) -> None:
        await self._layer.send(channel, for_page(message, close=close))
