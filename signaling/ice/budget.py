"""The budget of TURN credentials. Each of them is worth minutes on a relay that somebody pays for.

It limits what one network gets, what one IPv6 prefix of 48 bits gets, and what all of them get
together, in a minute and in a day. When it is spent, calls get STUN servers only, and the log and a
metric say so.
"""

import logging
import time

from django.conf import settings

from calls import metrics

from .. import networks
from ..shared.chosen import store
from .counts import Counts, CountsInMemory, Limit
from .redis_counts import CountsInRedis

log = logging.getLogger("voicedemo.ice")

MINUTE_S = 60
DAY_S = 24 * 3600
MINUTES_OF_A_DAY = 25
"""One minute may take this part of a day's budget. With the default settings a network gets 80
credentials a minute: 40 phones at a trade fair, behind one address, may all load the page twice."""
SHARE_OF_SITE = 2
"""One IPv6 prefix of 48 bits may take this part of everybody's budget: not all of it, as it holds
256 networks, and not less, as the phones of a carrier may share one."""


class Budget:
    """What may still be issued.

    :param counts: what was issued, by whichever process.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._alarm_after: dict[str, float] = {}

    async def spend(self, client: str | None) -> Limit | None:
        """Pay for one call's next credentials, whatever the number of providers that issue them.

        :param client: the IP address they are for. ``None``: its network has paid for the call
            before; they count towards the total alone.
        :returns: the limit that is reached, if nothing may be issued now.
        """
        wanted = _limits_of(client) | _limits("all", "", settings.VOICEDEMO_TURN_PER_DAY)
        reached = await self._counts.take(wanted)
        if reached is not None:
            self._refused(reached, client)
        return reached

    def _refused(self, reached: Limit, client: str | None) -> None:
        """Count it. The log has one line for each limit and window, however many are refused."""
        metrics.turn_credentials_refused(reached.name)
        now = time.monotonic()
        if now < self._alarm_after.get(reached.name, 0.0):
            return
        self._alarm_after[reached.name] = now + reached.window_s
        is_networks = reached.name.startswith("network")
        log.warning(
            "TURN credentials are refused: the limit %s of %d is reached%s. Calls get STUN only. "
            "VOICEDEMO_TURN_PER_DAY and VOICEDEMO_TURN_PER_NETWORK_DAY set the limits",
            reached.name,
            reached.count,
            f" by network {networks.key(client)}" if client and is_networks else "",
        )


def _limits_of(client: str | None) -> dict[str, Limit]:
    """The limits of the networks that ``client`` is in, the narrowest first."""
    if client is None:
        return {}
    found = _limits("network", networks.key(client), settings.VOICEDEMO_TURN_PER_NETWORK_DAY)
    if site := networks.site_key(client):
        found |= _limits("site", site, -(-settings.VOICEDEMO_TURN_PER_DAY // SHARE_OF_SITE))
    return found


def _limits(whose: str, key: str, per_day: int) -> dict[str, Limit]:
    per_minute = -(-per_day // MINUTES_OF_A_DAY)
    minute = Limit(f"{whose}_minute", per_minute, MINUTE_S)
    day = Limit(f"{whose}_day", per_day, DAY_S)
    return {f"{limit.name}:{key}": limit for limit in (minute, day)}


def _counts() -> Counts:
    everybodys = store()
    return CountsInRedis(everybodys) if everybodys else CountsInMemory()


shared = Budget(_counts())
"""The budget of all processes over Redis, or of this one without it."""
