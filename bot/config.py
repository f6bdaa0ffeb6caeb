from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .ice.endpoints import PortTerms
from .voices.plugged_in import Bot


@dataclass(frozen=True)
class BotConfig:
    """What a bot needs to know. Times in seconds."""

    heartbeat_s: float
    liveness_s: float
    max_call_s: float
    greeting: str
    speech_folder: Path
    ports: PortTerms = field(default_factory=PortTerms)
    make_bot: Callable[[], Bot] | None = None
    """Makes the bot of one call, where the voice is ``bot``."""
