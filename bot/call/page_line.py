import asyncio
from collections.abc import Awaitable, Callable

from wire.server import ServerMessage

Send = Callable[[str, ServerMessage, bool], Awaitable[None]]
"""Sends a message to the socket on a channel; ``True`` closes the socket after it."""


class PageLine:
    """Sends a call's messages to its page, over the socket that the page has at the moment.

    :ivar channel: the channel of that socket. While it is ``None``, messages are dropped.
    """

    def __init__(self, send: Send, channel: str) -> None:
        self.channel: str | None = channel
        self._send = send
        self._saying: set[asyncio.Task[None]] = set()

    async def say(self, message: ServerMessage, *, close: bool = False) -> None:
        if self.channel is not None:
            await self._send(self.channel, message, close)

    def say_soon(self, message: ServerMessage) -> None:
        """Send a message without waiting until it is sent."""
        task = asyncio.ensure_future(self.say(message))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def drain(self) -> None:
        """Wait until everything has been sent."""
        await asyncio.gather(*self._saying)
