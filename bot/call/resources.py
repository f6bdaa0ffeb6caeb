import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiortc import RTCCertificate

from wire.snapshots import CallSnapshot

from ..config import BotConfig
from ..ice.endpoints import IceEndpoints
from ..media.ticker import Ticker
from .page_line import Send
from .records import Recorder


@dataclass(frozen=True)
class Greeting:
    """The bot's first words in a call.

    :param packets: Opus, 20 ms each.
    :param caption: the greeting as text; empty if it is not speech.
    """

    packets: tuple[bytes, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class WorkerResources:
    """The objects that all calls of a worker share."""

    config: BotConfig
    certificate: RTCCertificate
    ticker: Ticker
    recorder: Recorder
    endpoints: IceEndpoints
    greeting: Greeting
    send: Send
    recall: Callable[[uuid.UUID], Awaitable[CallSnapshot]]
    """Returns what the last worker of a call knew, if anybody can tell."""
