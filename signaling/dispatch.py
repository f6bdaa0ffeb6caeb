"""Which bot takes a call, and which one has it."""

import uuid

from calls.models import Call
from wire.errors import ProtocolError

EMBEDDED_BOT = "bot.embedded"
"""The channel of the bot in this process."""


def bot_channel_of(call_id: uuid.UUID) -> str:
    """The channel of the bot that has this call.

    :raises ProtocolError: ``call_unknown`` if the call is over or never was.
    """
    channel = Call.objects.live().filter(id=call_id).values_list("bot_channel", flat=True)
    if not channel:
        raise ProtocolError("call_unknown", "this call is over")
    return channel[0]
