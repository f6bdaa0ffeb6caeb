"""The settings of the bot, without Django."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .ice.endpoints import IceConfig
from .voices.plugged_in import Bot


@dataclass(frozen=True)
class BotConfig:
    """The configuration of a worker. Times are in seconds."""

    heartbeat_s: float
    liveness_s: float
    max_call_s: float
    max_calls: int
    """How many calls one worker has room for."""
    greeting: str
    """The text that the bot says first."""
    speech_folder: Path
    """Where synthesised speech is kept."""
    ice: IceConfig = field(default_factory=IceConfig)
    make_bot: Callable[[], Bot] | None = None
    """Makes the bot of one call with the voice ``bot``; None if no bot is plugged in."""
