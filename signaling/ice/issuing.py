"""Issues ICE servers for a call: from all providers at once, within the budget."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from wire.constants import GRACE_S, TICKET_LIFE_S
from wire.model import IceServer
from wire.server import Ice

from . import budget, exchange, registry
from .base import IceServers
from .guard import Guard
from .selection import offered

PATIENCE_S = 0.5
"""A page waits at most this long for the providers. It asks again if one was late."""
BEFORE_THE_CALL_S = TICKET_LIFE_S + 300
"""How long the credentials of a page without a call are valid. It may begin one while its ticket
lasts, and asks for others five minutes before these expire (static/js/link/credentials.js)."""
OVER_BUDGET = " (over budget)"

_late: set[asyncio.Task[IceServers | None]] = set()


class Issued(NamedTuple):
    """ICE servers for one call.

    :param without: the names of the providers that did not answer in time, or were not asked
        because the budget is spent. The latter say so.
    """

    message: Ice
    without: tuple[str, ...]


async def issue(call_id: str, client: str, *, in_call: bool) -> Issued:
    """Return ICE servers for this call, after ``PATIENCE_S`` at most.

    :param client: the page's IP address, whose network pays for the call's first credentials.
    :param in_call: False for a page that has not begun its call. Its credentials are short-lived.
    """
    ttl = _life(in_call=in_call)
    await _recall(call_id)
    unpaid = await _unpaid(call_id, client, in_call=in_call)
    guards = registry.guards()
    tasks = [
        None if guard in unpaid else asyncio.create_task(guard.issue(call_id, ttl))
        for guard in guards
    ]
    await _wait([task for task in tasks if task])
    found, without = [], []
    for guard, task in zip(guards, tasks, strict=True):
        is_late = task is not None and not task.done()
        answer = task.result() if task and task.done() else guard.last(call_id)
        if answer is not None:
            found.append(answer)
        if answer is None or is_late:
            without.append(guard.name + (OVER_BUDGET if task is None else ""))
    return Issued(_message(found, ttl, without, limited=bool(unpaid)), tuple(without))


async def _recall(call_id: str) -> None:
    """Learn what other processes have issued for this call, and whom they leave alone."""
    asking = [guard for guard in registry.guards() if guard.would_ask(call_id)]
    known = await exchange.recall(call_id, [guard.name for guard in asking])
    for guard, one in zip(asking, known, strict=False):
        guard.learn(call_id, one)


def _life(*, in_call: bool) -> timedelta:
    longest = settings.VOICEDEMO_MAX_CALL_S + GRACE_S if in_call else BEFORE_THE_CALL_S
    return timedelta(seconds=min(settings.VOICEDEMO_TURN_TTL_S, longest))


async def _unpaid(call_id: str, client: str, *, in_call: bool) -> list[Guard]:
    """The providers that are not asked, because the budget does not pay for it."""
    guards = registry.guards()
    asking = [guard for guard in guards if guard.would_ask(call_id)]
    if not asking:
        return []
    has_paid = in_call and any(guard.knows(call_id) for guard in guards)
    reached = await budget.shared.spend(None if has_paid else client)
    return asking if reached else []


async def _wait(tasks: list[asyncio.Task[IceServers | None]]) -> None:
    if not tasks:
        return
    _, pending = await asyncio.wait(tasks, timeout=PATIENCE_S)
    for task in pending:  # the guard keeps its answer until the page asks again
        _late.add(task)
        task.add_done_callback(_late.discard)


def _message(found: list[IceServers], ttl: timedelta, without: list[str], *, limited: bool) -> Ice:
    stun = [IceServer(urls=settings.VOICEDEMO_STUN_URLS)] if settings.VOICEDEMO_STUN_URLS else []
    now = datetime.now(UTC)
    expires_at = min((f.expires_at for f in found if f.expires_at), default=now + ttl)
    return Ice(
        ice_servers=offered([*stun, *(server for issued in found for server in issued.servers)]),
        ttl=max(0, int((expires_at - now).total_seconds())),
        expires_at=expires_at.isoformat(timespec="seconds"),
        partial=bool(without),
        limited=limited,
    )
