"""How the ICE restarts of a peer connection end."""

from calls import metrics

from ..ice.path import Path


class Restarts:
    """Counts each ICE restart once, when it is over."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._is_under_way = False

    def began(self) -> None:
        """An offer restarted ICE, and was answered."""
        if self._is_under_way:
            metrics.restart_ended("replaced")
        self._is_under_way = True

    def path_changed(self, path: Path) -> None:
        """Packets go over ``path``, which may be that of an earlier restart with another pair."""
        is_new, self._path = path is not self._path, path
        if is_new and self._is_under_way:
            self._is_under_way = False
            metrics.restart_ended("up")

    def close(self) -> None:
        """The peer connection is over."""
        if self._is_under_way:
            self._is_under_way = False
            metrics.restart_ended("given_up")
