import asyncio


class Allowance:
    """Limits how often something may happen: a burst, then a steady rate (a token bucket).

    :param burst: how often it may happen at once.
    :param per_s: how often it may happen a second after that.
    """

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = asyncio.get_running_loop().time
        self._tokens = float(burst)
        self._at = self._clock()

    def take(self) -> bool:
        """Use the allowance once. Returns False if it is used up."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
