"""Tells the callers of this process who wait for a line their places, and lets them in."""

import asyncio
import logging
import uuid
from dataclasses import dataclass
from typing import Protocol

from calls import metrics, waiting
from wire.errors import ProtocolError

from . import admission, database, dispatch

log = logging.getLogger("voicedemo.socket")

LOOK_EVERY_S = 0.5
ENTER_S = waiting.ENTERS.total_seconds()
AGAIN_S = 2.0
"""Who was let in and found no line is not let in again before this."""


class Caller(Protocol):
    """The socket of a page that waits."""

    call_id: uuid.UUID
    network: str

    async def tell_place(self, place: int) -> None: ...

    async def let_in(self) -> None: ...

    async def leave_line(self) -> None:
        """It was let in and did not come."""
        ...


@dataclass
class _Guest:
    caller: Caller
    place: int
    not_before: float
    """Of the event loop's clock."""
    entered_at: float | None = None


class WaitingRoom:
    """The callers of this process who wait. Each comes with the latest socket of its page."""

    def __init__(self) -> None:
        self._guests: dict[uuid.UUID, _Guest] = {}
        self._renewed_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def join(self, caller: Caller, *, is_fresh: bool, found_no_line: bool) -> None:
        """Give a caller a place, or the one that it has already, and tell it.

        :param is_fresh: whether its ticket still opens calls.
        :param found_no_line: as for :func:`calls.waiting.join`.
        :raises ProtocolError: as :func:`calls.waiting.join`; ``internal`` if the database is away.
        """
        before = self._guests.get(caller.call_id)
        place = await database.ask(
            waiting.join,
            caller.call_id,
            caller.network,
            is_fresh=is_fresh,
            found_no_line=found_no_line,
        )
        loop = asyncio.get_running_loop()
        was_let_in = before is not None and before.entered_at is not None
        not_before = loop.time() + AGAIN_S if was_let_in else 0.0
        self._guests[caller.call_id] = _Guest(caller, place, not_before)
        self._count()
        await caller.tell_place(place)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())

    def forget(self, caller: Caller) -> None:
        """The socket is gone. The caller's place is kept for a while."""
        for call_id in [one for one, guest in self._guests.items() if guest.caller is caller]:
            del self._guests[call_id]
        self._count()

    async def leave(self, caller: Caller) -> None:
        """The caller wants no line any more."""
        self.forget(caller)
        await database.write_down(waiting.leave, caller.call_id)

    async def _run(self) -> None:
        while self._guests:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except ProtocolError as exc:
                log.warning("nobody can be let in at the moment: %s", exc)
            except Exception:
                log.exception("nobody could be let in")

    async def look(self) -> None:
        """Tell each caller whose place has changed, and let in as many as there are free lines."""
        now = asyncio.get_running_loop().time()
        if now - self._renewed_at > waiting.RENEWED_EVERY_S:
            self._renewed_at = now
            await database.ask(waiting.renew, list(self._guests))
        free, places = await database.ask(_free_and_waiting)
        free = min(free, await dispatch.free_places())
        for index, call_id in enumerate(places):
            guest = self._guests.get(call_id)
            if guest is not None:
                await self._tell(guest, index + 1, now, has_line=index < free)

    async def _tell(self, guest: _Guest, place: int, now: float, *, has_line: bool) -> None:
        if guest.entered_at is not None:
            if now - guest.entered_at > ENTER_S:
                await guest.caller.leave_line()
        elif has_line and now >= guest.not_before:
            guest.entered_at = now
            await database.ask(waiting.let_in, guest.caller.call_id)
            await guest.caller.let_in()
        elif place != guest.place:
            guest.place = place
            await guest.caller.tell_place(place)

    def _count(self) -> None:
        metrics.callers_waiting(len(self._guests))


def _free_and_waiting() -> tuple[int, list[uuid.UUID]]:
    return admission.free_lines(), waiting.places()


waiting_room = WaitingRoom()
"""That of this process."""
