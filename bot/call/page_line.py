import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

from fleet.base import FleetError
from wire.server import ServerMessage

log = logging.getLogger("voicedemo.call")

Send = Callable[[str, ServerMessage, bool], Awaitable[None]]
"""Sends a message to the socket on a channel; ``True`` closes the socket after it."""


class PageLine:
    """Sends a call's messages to its page, over the socket that the page has at the moment.

    A message that cannot be sent is lost, and the call goes on: the page has another socket soon.

    :ivar channel: the channel of that socket. While it is ``None``, messages are dropped.
    """

    def __init__(self, call_id: uuid.UUID, send: Send, channel: str) -> None:
        self._call_id = call_id
        self.channel: str | None = channel
        self._send = send
        self._saying: set[asyncio.Task[None]] = set()
        self._is_failing = False

    async def say(self, message: ServerMessage, *, close: bool = False) -> None:
        if self.channel is None:
            return
        try:
            await self._send(self.channel, message, close)
            self._is_failing = False
        except FleetError as exc:
            if not self._is_failing:
                log.warning("call %s: messages to the page are lost: %s", self._call_id, exc)
            self._is_failing = True
        except Exception:
            # Whatever the channel layer raises. The call's own work does not depend on it.
            if not self._is_failing:
                log.exception("call %s: messages to the page are lost", self._call_id)
            self._is_failing = True

    def say_soon(self, message: ServerMessage) -> None:
        """Send a message without waiting until it is sent."""
        task = asyncio.ensure_future(self.say(message))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def drain(self) -> None:
        """Wait until everything has been sent."""
        await asyncio.gather(*self._saying)
