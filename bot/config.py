from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .ice.endpoints import IceConfig
from .voices.plugged_in import Bot


@dataclass(frozen=True)
class BotConfig:
    """What a bot needs to know. Times in seconds."""

    heartbeat_s: float
    liveness_s: float
    max_call_s: float
    greeting: str
    speech_folder: Path
    ice: IceConfig = field(default_factory=IceConfig)
    make_bot: Callable[[], Bot] | None = None
    """Makes the bot of one call, where the voice is ``bot``."""
