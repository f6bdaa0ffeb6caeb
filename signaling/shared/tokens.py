"""Token buckets in Redis. Its clock counts: the machines' own need not agree."""

from .base import Store

# KEYS: the bucket. ARGV: its size, tokens a second.
# A bucket that would be full again is forgotten.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local size, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or size, tonumber(kept[2]) or now
tokens = math.min(size, tokens + math.max(0, now - at) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens),
           'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(1000 * (size - tokens) / rate) + 1)
return string.format('%.6f', wait)
"""


async def take(store: Store, bucket: str, size: float, per_second: float) -> float:
    """Take a token. Returns 0, or the seconds until there is one.

    :raises AwayError: if Redis is away.
    """
    return float(await store.run(_TAKE, [f"tokens:{bucket}"], size, per_second))
