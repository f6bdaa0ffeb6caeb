"""How many sockets all processes have, by network and by ticket, in Redis.

Keys, each with the prefix of this product:

- ``sockets:up:PROCESS``: the process is alive. Redis deletes it when nobody renews it, and what the
  process had no longer counts;
- ``sockets:network:NETWORK``: how many each process has of this network (a hash);
- ``sockets:ticket:TICKET``: the process of each socket, and since when it is open (a hash: by
  channel).

Each process tells its own counts, and never changes those of others. So a count that Redis has lost
is right again when the process tells it next.
"""

import asyncio
import json
import secrets
import time
from collections import Counter
from contextlib import suppress
from typing import Any, NamedTuple

from .base import AwayError, Store

LEASE_S = 3.0
"""A process that has died counts for so long."""
TOLD_EVERY_S = 1.0
DAY_S = 24 * 3600
"""What a process that has died leaves behind is deleted after this."""

# KEYS: the prefix. ARGV: process, lease in ms, network, its sockets here, its most, ticket, its
# most, channel, since when, how long all this is kept in s. Returns whether the process was up,
# whether there is room, and the ticket's oldest sockets that are too many.
_OPEN = """
local function is_up(process) return redis.call('EXISTS', KEYS[1] .. 'up:' .. process) == 1 end
local was_up = is_up(ARGV[1]) and 1 or 0
redis.call('SET', KEYS[1] .. 'up:' .. ARGV[1], '1', 'PX', ARGV[2])
local network, count = KEYS[1] .. 'network:' .. ARGV[3], tonumber(ARGV[4])
local counts = redis.call('HGETALL', network)
for i = 1, #counts, 2 do
  if not is_up(counts[i]) then redis.call('HDEL', network, counts[i])
  elseif counts[i] ~= ARGV[1] then count = count + counts[i + 1] end
end
if count > tonumber(ARGV[5]) then return {was_up, 0} end
redis.call('HSET', network, ARGV[1], ARGV[4])
redis.call('EXPIRE', network, ARGV[10])
local ticket, open = KEYS[1] .. 'ticket:' .. ARGV[6], {}
redis.call('HSET', ticket, ARGV[8], ARGV[9] .. ' ' .. ARGV[1])
redis.call('EXPIRE', ticket, ARGV[10])
local found = redis.call('HGETALL', ticket)
for i = 1, #found, 2 do
  local since, process = string.match(found[i + 1], '(%S+) (%S+)')
  if is_up(process) then table.insert(open, {tonumber(since), found[i]})
  else redis.call('HDEL', ticket, found[i]) end
end
table.sort(open, function(one, other) return one[1] < other[1] end)
local answer = {was_up, 1}
for i = 1, #open - ARGV[7] do table.insert(answer, open[i][2]) end
return answer
"""
# KEYS: the prefix. ARGV: process, lease in ms, how long all this is kept in s, what has changed.
# Returns whether the process was up.
_TELL = """
local up = KEYS[1] .. 'up:' .. ARGV[1]
local was_up = redis.call('EXISTS', up)
redis.call('SET', up, '1', 'PX', ARGV[2])
local told = cjson.decode(ARGV[4])
for _, one in ipairs(told.counts) do
  local network = KEYS[1] .. 'network:' .. one[1]
  if one[2] > 0 then
    redis.call('HSET', network, ARGV[1], one[2])
    redis.call('EXPIRE', network, ARGV[3])
  else redis.call('HDEL', network, ARGV[1]) end
end
for _, one in ipairs(told.closed) do
  redis.call('HDEL', KEYS[1] .. 'ticket:' .. one[1], one[2])
end
for _, one in ipairs(told.opened) do
  local ticket = KEYS[1] .. 'ticket:' .. one[1]
  redis.call('HSET', ticket, one[2], one[3] .. ' ' .. ARGV[1])
  redis.call('EXPIRE', ticket, ARGV[3])
end
return was_up
"""


class Limits(NamedTuple):
    """How many sockets there may be."""

    by_network: int
    by_ticket: int


class _Open(NamedTuple):
    ticket: str
    network: str
    since: str


class SharedSockets:
    """What one process tells of its sockets, and learns of those of the others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._process = secrets.token_hex(8)
        self._open: dict[str, _Open] = {}
        self._counts: Counter[str] = Counter()
        self._changed: set[str] = set()
        self._closed: dict[str, _Open] = {}
        self._is_known = False
        """Whether the others know everything but what has changed since."""
        self._telling: asyncio.Task[None] | None = None

    async def add(
        self, channel: str, ticket: str, network: str, limits: Limits
    ) -> list[str] | None:
        """Count a socket.

        :returns: the channels of the ticket's oldest sockets, if it has too many; None if the
            network has too many. It is counted until it is removed in either case.
        """
        self._open[channel] = one = _Open(ticket, network, f"{time.time():.3f}")
        self._counts[network] += 1
        self._tell_from_now_on()
        try:
            if (found := await self._ask(channel, one, limits)) is None:
                # A process may have died, and all its pages come to this one.
                await asyncio.sleep(LEASE_S)
                found = await self._ask(channel, one, limits)
        except AwayError:
            return []
        return found

    def remove(self, channel: str) -> None:
        """Count a socket no longer. The other processes know it within a second."""
        self._closed[channel] = one = self._open.pop(channel)
        self._counts[one.network] -= 1
        self._changed.add(one.network)

    async def _ask(self, channel: str, one: _Open, limits: Limits) -> list[str] | None:
        was_up, has_room, *oldest = await self._run(
            _OPEN, self._process, round(1000 * LEASE_S),
            one.network, self._counts[one.network], limits.by_network,
            one.ticket, limits.by_ticket, channel, one.since, DAY_S,
        )  # fmt: skip
        self._is_known &= bool(was_up)
        return [channel.decode() for channel in oldest] if has_room else None

    def _tell_from_now_on(self) -> None:
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_again_and_again())

    async def _tell_again_and_again(self) -> None:
        while self._open or self._closed:
            await asyncio.sleep(TOLD_EVERY_S)
            with suppress(AwayError):  # what has changed is told next time
                await self._tell()
                if not self._is_known:
                    await self._tell()

    async def _tell(self) -> None:
        """Tell what has changed, or everything if the others may have forgotten it."""
        everything = not self._is_known
        networks, self._changed = self._changed, set()
        counts = {network: self._counts[network] for network in networks}
        closed, opened = dict(self._closed), {}
        if everything:
            counts |= self._counts
            opened = self._open
        told = {
            "counts": list(counts.items()),
            "closed": [(one.ticket, channel) for channel, one in closed.items()],
            "opened": [(one.ticket, channel, one.since) for channel, one in opened.items()],
        }
        try:
            lease_ms = round(1000 * LEASE_S)
            was_up = await self._run(_TELL, self._process, lease_ms, DAY_S, json.dumps(told))
        except AwayError:
            self._changed |= networks
            raise
        self._is_known = everything or bool(was_up)
        self._counts = +self._counts  # without those that are 0
        for channel in closed:
            del self._closed[channel]

    async def _run(self, script: str, *arguments: str | float) -> Any:
        try:
            return await self._store.run(script, ["sockets:"], *arguments)
        except AwayError:
            self._is_known = False  # it may come back without its memory
            raise
