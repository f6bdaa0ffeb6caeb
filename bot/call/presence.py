"""Finds out whether a call's page is still there, and how long to wait for it."""

from collections.abc import Callable
from typing import Protocol

from .page_line import PageLine
from .records import CallRecord
from .timers import Timers

SPEAKING_S = 3.0
"""Media that arrived within this time were flowing when the socket closed. A browser that is killed
closes its socket before its media stop (docs/browsers.md#killed-in-pieces), and a dead network
sends no FIN."""
PAGE_GONE_S = 3.0
"""If the socket closed while media flowed and none came for this long, the page is gone."""
REJOIN_S = 8.0
"""How long a call waits for a page that was closed. It may only have been reloaded."""
TIMER = "page-gone"


class Media(Protocol):
    """What a connection knows about the page's media."""

    @property
    def has_started(self) -> bool: ...

    @property
    def silence_s(self) -> float:
        """Seconds since anything but STUN arrived."""
        ...


class Presence:
    """The page's sockets, its visibility and its goodbye, for one call.

    :param media: returns the call's current connection.
    :param on_gone: called with a reason when the page is not coming back.
    """

    def __init__(
        self,
        line: PageLine,
        timers: Timers,
        record: CallRecord,
        media: Callable[[], Media],
        on_gone: Callable[[str], None],
    ) -> None:
        self._line = line
        self._timers = timers
        self._record = record
        self._media = media
        self._on_gone = on_gone
        self._is_hidden = False
        self._has_left = False

    def attach(self, channel: str) -> bool:
        """Send to this socket from now on. Returns whether the page had said goodbye."""
        self._line.channel = channel
        return self.came_back()

    def came_back(self) -> bool:
        """Stop waiting for the page. Returns whether it had said goodbye."""
        self._timers.cancel(TIMER)
        had_left, self._has_left = self._has_left, False
        return had_left

    def detach(self, channel: str, code: int) -> None:
        """Note that a socket closed, and find out whether the page is gone.

        :param code: the WebSocket close code (RFC 6455, 7.4).
        """
        if channel != self._line.channel:
            return  # the page is on its next socket already
        self._line.channel = None
        self._record.note("socket-closed", code=code)
        if self._has_left or self._is_hidden:
            return  # a phone may freeze a page in the background and wake it again
        # A tab that dies closes its socket while media still flow. If the media had stopped before,
        # the network died first, and the call waits for the grace period instead.
        media = self._media()
        if not media.has_started or media.silence_s < SPEAKING_S:
            self._timers.start(TIMER, PAGE_GONE_S, self._look_for_media)

    def hide(self, *, hidden: bool) -> None:
        self._is_hidden = hidden
        self._record.note("visibility", hidden=hidden)

    def leave(self) -> None:
        """The page said goodbye. If it was only reloaded, it is back on another socket soon."""
        if not self._media().has_started:
            self._on_gone("page_closed")
            return
        self._has_left = True
        self._timers.start(TIMER, REJOIN_S, lambda: self._on_gone("page_closed"))

    def _look_for_media(self) -> None:
        silence = self._media().silence_s
        if silence >= PAGE_GONE_S:
            self._on_gone("page_gone")
        else:
            self._timers.start(TIMER, PAGE_GONE_S - silence, self._look_for_media)
