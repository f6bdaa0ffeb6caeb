import asyncio
from collections import deque

from wire.bot import BotMessage, ToBot
from wire.page import Bye, Candidate, Hears, Offer, Visibility

MAX_WAITING = 256
"""Offers and candidates that may wait. A browser sends a few dozen at once."""


class Inbox:
    """The messages of one page that wait for its call, in the order of arrival.

    A page may send faster than its call can answer. Offers and candidates beyond ``MAX_WAITING``
    are dropped: the page makes others. Of messages that say a state, only the latest waits. What is
    said once by each socket, and a goodbye, is never dropped.
    """

    def __init__(self) -> None:
        self._waiting: deque[ToBot | type[BotMessage]] = deque()
        self._states: dict[type[BotMessage], ToBot] = {}
        self._droppable = 0
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, envelope: ToBot) -> bool:
        """Add a message. Returns False if it is dropped."""
        kind = type(envelope.message)
        if kind in (Offer, Candidate):
            if self._droppable >= MAX_WAITING:
                return False
            self._droppable += 1
        if kind in (Hears, Visibility):
            self._put_state(kind, envelope)
        elif kind is Bye and self._last_is_bye():
            self._waiting[-1] = envelope
        else:
            self._waiting.append(envelope)
        self._arrived.set()
        return True

    async def get(self) -> ToBot:
        """Wait for the next message and take it out."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        first = self._waiting.popleft()
        if not isinstance(first, ToBot):
            return self._states.pop(first)
        if isinstance(first.message, Offer | Candidate):
            self._droppable -= 1
        return first

    def _put_state(self, kind: type[BotMessage], envelope: ToBot) -> None:
        """Keep the latest state of its kind. It waits where the first one stood."""
        if kind not in self._states:
            self._waiting.append(kind)
        self._states[kind] = envelope

    def _last_is_bye(self) -> bool:
        last = self._waiting[-1] if self._waiting else None
        return isinstance(last, ToBot) and isinstance(last.message, Bye)
