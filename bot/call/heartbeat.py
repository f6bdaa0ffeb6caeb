"""The heartbeat on the data channel.

It tells each side that the other is alive, and keeps NAT mappings of carriers open.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiortc import RTCDataChannel

from .allowance import Allowance

CHANNEL_LABEL = "heartbeat"
MAX_MESSAGE_CHARS = 1024
PONGS_AT_ONCE = 10
PONGS_PER_S = 5.0
"""An honest page pings every few seconds, and once more when its path is back."""


class Heartbeat:
    """Pings the page, answers its pings, and notices when it falls silent.

    The messages are ``pipecat.ping`` and ``pipecat.pong``. The text ``ping: <ms>``, which Pipecat's
    clients send, counts as a ping as well.

    :param interval: time between two pings, in seconds.
    :param liveness: a page that sends no heartbeat for this long is silent, in seconds.
    :param on_dead: called after each silence of ``liveness`` seconds.
    :param on_rtt: called with each measured round trip, in milliseconds.
    """

    def __init__(
        self,
        channel: RTCDataChannel,
        *,
        interval: float,
        liveness: float,
        on_dead: Callable[[], None],
        on_rtt: Callable[[float], None],
    ) -> None:
        self._channel = channel
        self._interval = interval
        self._liveness = liveness
        self._on_dead = on_dead
        self._on_rtt = on_rtt
        self._loop = asyncio.get_running_loop()
        self._pings = 0
        self._pinged_at: float | None = None
        self._ping_timer: asyncio.Handle = self._loop.call_soon(self._ping)
        self._pongs = Allowance(PONGS_AT_ONCE, PONGS_PER_S)
        self._alive_at = self._loop.time()
        self._liveness_timer = self._loop.call_later(liveness, self._look)
        channel.on("message", self._message)

    def stop(self) -> None:
        """Stop pinging and listening. The channel stays open."""
        self._channel.remove_listener("message", self._message)
        self._ping_timer.cancel()
        self._liveness_timer.cancel()

    def _ping(self) -> None:
        self._pings += 1
        self._pinged_at = self._loop.time()
        self._send({"type": "pipecat.ping", "id": self._pings, "ts": _now_ms()})
        self._ping_timer = self._loop.call_later(self._interval, self._ping)

    def _answered(self) -> None:
        """Report the round trip by our own clock, once a ping, whatever the page sends."""
        if self._pinged_at is not None:
            self._on_rtt(round(1000 * (self._loop.time() - self._pinged_at), 1))
            self._pinged_at = None

    def _look(self) -> None:
        """Report a silence of ``liveness`` seconds, and wait for the end of the next one.

        One timer does for all messages: a page may send thousands a second.
        """
        now = self._loop.time()
        is_dead = now - self._alive_at >= self._liveness
        if is_dead:
            self._alive_at = now
        wait = self._alive_at + self._liveness - now
        self._liveness_timer = self._loop.call_later(wait, self._look)
        if is_dead:
            self._on_dead()

    def _message(self, text: str | bytes) -> None:
        match _parse(text):
            case {"type": "pipecat.ping", **ping}:
                if self._pongs.take():
                    self._send({"type": "pipecat.pong", "id": ping.get("id"), "ts": ping.get("ts")})
            case {"type": "pipecat.pong", "id": self._pings}:
                self._answered()
            case {"type": "pipecat.pong"}:
                pass
            case _:
                return
        self._alive_at = self._loop.time()

    def _send(self, message: dict[str, Any]) -> None:
        if self._channel.readyState == "open":
            self._channel.send(json.dumps(message))


def _parse(text: str | bytes) -> dict[str, Any] | None:
    """Return a message as a dictionary; None if it cannot be a heartbeat."""
    if not isinstance(text, str) or len(text) > MAX_MESSAGE_CHARS:
        return None
    if text.startswith("ping:"):
        return {"type": "pipecat.ping", "ts": text.removeprefix("ping:").strip()}
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
