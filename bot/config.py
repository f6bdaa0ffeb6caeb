from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BotConfig:
    """What a bot needs to know. Times in seconds."""

    heartbeat_s: float
    liveness_s: float
    max_call_s: float
    greeting: str
    speech_folder: Path
