"""The settings of a server whose paths of ICE restarts never work."""

from typing import Any

from bot.ice.agent import IceAgent
from voicedemo.settings import *  # noqa: F403

_start = IceAgent.start


def _start_first_path_only(self: IceAgent, *credentials: str, **options: Any) -> None:
    if self.generation == 1:
        _start(self, *credentials, **options)


IceAgent.start = _start_first_path_only  # type: ignore[method-assign]
