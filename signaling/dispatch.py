"""Which bot takes a call, and which one has it."""

import uuid

from calls.models import Call
from wire.errors import ProtocolError

_EMBEDDED = "bot.embedded."
EMBEDDED_BOT = f"{_EMBEDDED}{uuid.uuid4().hex}"
"""The channel of the bot in this process. No other process has the same, not even the next one in
this folder, so a call's row tells whose it is."""


def bot_channel_of(call_id: uuid.UUID, nonce: str) -> str:
    """The channel of the bot that has this call.

    :param nonce: of the token that claims the call (:func:`calls.tickets.token_for`).
    :raises ProtocolError: ``call_unknown`` if the call is over, never was, or is in the memory of
        another process; or if the token is that of a socket that did not open it.
    """
    mine = Call.objects.live().filter(id=call_id, resume_nonce=nonce)
    found = mine.values_list("bot_channel", flat=True)
    channel = found[0] if found else ""
    if not channel or (channel.startswith(_EMBEDDED) and channel != EMBEDDED_BOT):
        raise ProtocolError("call_unknown", "this call is over")
    return channel
