"""Counts of what was issued by all processes together, in Redis."""

from collections.abc import Mapping

from ..shared.base import AwayError, Store
from .counts import CountsInMemory, Limit

# KEYS: what is counted. ARGV: the limit and the window in s of each.
_TAKE = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[2 * i - 1]) then return i end
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[2 * i]) end
end
return 0
"""


class CountsInRedis:
    """Implements :class:`signaling.ice.counts.Counts`.

    While Redis is away each process counts for itself, so that so many processes may issue as many
    times the budget, and no more.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._own = CountsInMemory()

    async def take(self, wanted: Mapping[str, Limit]) -> Limit | None:
        keys = [f"issued:{key}" for key in wanted]
        terms = [term for limit in wanted.values() for term in (limit.count, limit.window_s)]
        try:
            reached = int(await self._store.run(_TAKE, keys, *terms))
        except AwayError:
            return await self._own.take(wanted)
        return list(wanted.values())[reached - 1] if reached else None
