"""What processes tell each other about providers, in Redis.

Keys, each with the prefix of this product:

- ``ice:kept:PROVIDER:CALL``: the call's last credentials as JSON, until they expire;
- ``ice:pause:PROVIDER``: the provider has asked to be left alone for so long.

A provider that a process cannot reach is left alone by that process only: the others may reach it.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ValidationError

from ..shared.base import AwayError
from ..shared.chosen import store
from .base import IceServer, IceServers

_RECALL = """
local found = {}
for i = 1, #KEYS, 2 do
  table.insert(found, redis.call('GET', KEYS[i]) or '')
  table.insert(found, redis.call('PTTL', KEYS[i]))
  table.insert(found, redis.call('PTTL', KEYS[i + 1]))
end
return found
"""
_KEEP = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
# The longer pause of two counts.
_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
end
"""


class _Entry(BaseModel):
    """A call's credentials. Redis knows how old they are; the machines' clocks need not agree."""

    servers: tuple[IceServer, ...]
    expires_at: AwareDatetime
    life_s: float
    fresh_s: float


class Known(NamedTuple):
    """What another process knows of a provider.

    :param issued: what it issued for the call; None if nothing.
    :param life_s: how much longer that is valid.
    :param fresh_s: how much longer it is given out again.
    :param pause_s: how long the provider has asked to be left alone.
    """

    issued: IceServers | None
    life_s: float
    fresh_s: float
    pause_s: float


async def recall(call_id: str, providers: Sequence[str]) -> list[Known]:
    """What the other processes know, for each of the providers. Empty if there is nobody to ask."""
    everybodys = store()
    if everybodys is None or not providers:
        return []
    keys = [key for name in providers for key in (_kept(name, call_id), _pause(name))]
    try:
        found = await everybodys.run(_RECALL, keys)
    except AwayError:
        return []
    return [_read(*one) for one in zip(found[::3], found[1::3], found[2::3], strict=True)]


async def tell_issued(provider: str, call_id: str, issued: IceServers, fresh_s: float) -> None:
    """Tell what a call got. Credentials that never expire are everybody's anyway."""
    everybodys = store()
    if everybodys is None or issued.expires_at is None:
        return
    life_s = (issued.expires_at - datetime.now(UTC)).total_seconds()
    if life_s <= 0:
        return
    entry = _Entry(
        servers=issued.servers, expires_at=issued.expires_at, life_s=life_s, fresh_s=fresh_s
    )
    with suppress(AwayError):
        key = _kept(provider, call_id)
        await everybodys.run(_KEEP, [key], entry.model_dump_json(), round(1000 * life_s) or 1)


async def tell_pause(provider: str, pause_s: float) -> None:
    """Tell that the provider asks to be left alone."""
    everybodys = store()
    if everybodys is not None:
        with suppress(AwayError):
            await everybodys.run(_PAUSE, [_pause(provider)], round(1000 * pause_s) or 1)


def _kept(provider: str, call_id: str) -> str:
    return f"ice:kept:{provider}:{call_id}"


def _pause(provider: str) -> str:
    return f"ice:pause:{provider}"


def _read(text: bytes, life_ms: int, pause_ms: int) -> Known:
    pause_s = max(0, pause_ms) / 1000
    try:
        entry = _Entry.model_validate_json(text)
    except ValidationError:  # there is none, or it is of another version
        return Known(None, 0.0, 0.0, pause_s)
    left_s = life_ms / 1000
    fresh_s = entry.fresh_s - (entry.life_s - left_s)
    return Known(IceServers(entry.servers, entry.expires_at), left_s, fresh_s, pause_s)
