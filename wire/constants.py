"""Limits and times that the server, the bot and the page must agree on.

``manage.py contract`` writes those that the page needs into ``static/js/generated/``.
"""

from typing import Final, Literal

Voice = Literal["echo", "parrot", "tone", "speech", "bot"]
"""The voices that a page may ask for. ``bot`` is the plug-in of ``VOICEDEMO_BOT``."""

RelayProtocol = Literal["udp", "tcp", "tls"]
"""How a TURN server is reached."""

MAX_MESSAGE_BYTES: Final = 64 * 1024
MAX_SDP_CHARS: Final = 32 * 1024
MAX_REPORT_EVENTS: Final = 50
"""Timeline events in one ``report``."""
MAX_SELFTEST_BYTES: Final = 8 * 1024

SILENCE_S: Final = 0.4
"""Audio comes every 20 ms. After this long without any, the path is suspect."""
GRACE_S: Final = 60.0
"""A call outlives its last path by this long."""
TICKET_LIFE_S: Final = 600
"""A ticket admits a call for this long after it was issued."""
IDLE_S: Final = 60.0
"""The server closes a socket that has no call for this long."""
CLOSE_IDLE: Final = 4410
"""With this code. The page opens another one when somebody taps."""
SELFTEST_CALLS: Final = 5
"""A self-test makes this many calls at the same time: one for each way."""
