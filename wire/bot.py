"""The messages between the sockets and the bot, through the channel layer.

A page's message is validated once, by its socket, and travels on as it is. Both envelopes are
validated again on receipt: a sender of another version must not get further than that.
"""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress

from .model import IceServer
from .page import Bye, Candidate, Hears, Offer, Visibility
from .server import ServerMessage


class _Internal(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Attach(_Internal):
    """A socket takes the call over: the bot's messages go to it from now on."""

    type: Literal["attach"] = "attach"
    is_taken: bool = True
    """Whether the worker has taken the call. If not, the offer that opens it may come later, and a
    worker that does not have the call tells the page nothing."""


class Detach(_Internal):
    """The socket is gone."""

    type: Literal["detach"] = "detach"
    code: int
    """The WebSocket close code as the server saw it."""


class Relays(_Internal):
    """The bot's own ICE servers for the call, after each offer."""

    type: Literal["relays"] = "relays"
    ice_servers: list[IceServer]
    providers: dict[str, str]
    """The provider's name for each TURN URL, for the record of costs."""
    page_address: IPvAnyAddress | None = None
    """The address the page's socket comes from: its packets may come from there as well."""


BotMessage = Offer | Candidate | Hears | Visibility | Bye | Attach | Detach | Relays


class ToBot(_Internal):
    """A message for the bot of one call. The worker reads it from its channel itself."""

    type: Literal["bot.message"] = "bot.message"
    call_id: UUID
    reply_to: str
    """The channel of the socket that sends it."""
    message: BotMessage = Field(discriminator="type")

    def event(self) -> dict[str, Any]:
        """The envelope as a channel layer carries it."""
        return self.model_dump(mode="json")


class ToPage(_Internal):
    """A message for a page, for its socket to pass on. Channels calls the consumer's method of the
    same name as ``type``.
    """

    type: Literal["page.message"] = "page.message"
    sender: str
    """The channel of the worker that sends it. A socket believes the worker that has its call, and
    no other: one that was taken for dead may wake up and go on with a call that has moved."""
    text: str
    """The message as JSON."""
    close: bool = False
    """Whether the socket closes after it."""

    @classmethod
    def of(cls, sender: str, message: ServerMessage, *, close: bool = False) -> "ToPage":
        return cls(sender=sender, text=message.to_json(), close=close)

    def event(self) -> dict[str, Any]:
        """The envelope as a channel layer carries it."""
        return self.model_dump(mode="json")


class Taken(_Internal):
    """A worker has the call that it was offered."""

    type: Literal["call.taken"] = "call.taken"
    sender: str
    """The channel of the worker."""

    def event(self) -> dict[str, Any]:
        """The message as a channel layer carries it."""
        return self.model_dump(mode="json")
