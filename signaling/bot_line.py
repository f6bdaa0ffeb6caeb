"""The way from a page's socket to the worker that has its call."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from wire.bot import Attach, BotMessage, ToBot
from wire.constants import Voice
from wire.errors import ProtocolError
from wire.page import Offer

from . import database, dispatch
from .placement import Placement


class BotLine:
    """The worker of a call, as one socket of its page knows it. Later it may be another one.

    :param reply_to: the channel of the socket.
    :param send: sends an event to a channel.

    :ivar channel: the worker's; None until the socket has a call.
    """

    def __init__(
        self, reply_to: str, send: Callable[[str, dict[str, Any]], Awaitable[None]]
    ) -> None:
        self._reply_to = reply_to
        self._send = send
        self.channel: str | None = None
        self._call_id: uuid.UUID
        # While no worker has said that it has the call: the voice that it is to open it with.
        self._voice: Voice | None = None
        self._placement: Placement | None = None

    @property
    def is_placing(self) -> bool:
        """Whether workers are being asked to take the call."""
        return self._placement is not None and not self._placement.is_over

    @property
    def needs_worker(self) -> bool:
        """Whether no worker has the call, as far as the socket knows, and none is being asked."""
        return self._voice is not None and not self.is_placing

    def begin(self, call_id: uuid.UUID, given: dispatch.Given) -> None:
        """Send the messages of a call to the worker that it was given to."""
        self.stop_placing()
        self._call_id = call_id
        self._know(given)

    async def attach(self, call_id: uuid.UUID, given: dispatch.Given) -> None:
        """Take over a call that another socket gave to a worker."""
        self.begin(call_id, given)
        await self.send(Attach(is_taken=given.voice is None))

    async def move(self, before: str) -> bool:
        """Give the call to another worker.

        :param before: the channel of the worker that it leaves.
        :returns: False if the page's other socket has done so already.
        """
        reserved = await reserve(self._call_id)
        given = await database.ask(dispatch.give, self._call_id, before, reserved)
        if given.is_new:
            self.begin(self._call_id, given)
            return True
        if given.channel != reserved:
            await dispatch.release(self._call_id, reserved)
        await self.attach(self._call_id, given)
        return False

    def taken(self, sender: str) -> None:
        """The worker on this channel has the call."""
        if sender == self.channel:
            self._voice = None
            self.stop_placing()

    def stop_placing(self) -> None:
        """Ask no other worker."""
        if self._placement:
            self._placement.cancel()
            self._placement = None

    def close(self) -> None:
        """The worker has closed the call."""
        self.channel = None

    async def offer(self, offer: Offer) -> None:
        # Only a call that was admitted and that no worker has taken has a voice here. The voice
        # makes a worker open the call.
        assert self.channel
        if self.needs_worker:
            self._placement = Placement(self._call_id, self.channel, self._send, self._know)
        await self.send(offer.model_copy(update={"voice": self._voice}))

    async def send(self, message: BotMessage) -> None:
        assert self.channel
        envelope = ToBot(call_id=self._call_id, reply_to=self._reply_to, message=message)
        if self._placement:
            self._placement.keep(envelope)
        await self._send(self.channel, envelope.event())

    def _know(self, given: dispatch.Given) -> None:
        self.channel, self._voice = given.channel, given.voice


async def reserve(call_id: uuid.UUID) -> str:
    """Reserve a place for the call.

    :returns: the channel of the worker.
    :raises ProtocolError: ``busy`` if every worker is full.
    """
    channel = await dispatch.reserve(call_id)
    if channel is None:
        raise ProtocolError("busy", "every worker is full", retryable=True)
    return channel
