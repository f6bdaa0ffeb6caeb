"""The call that a task works for, so that a line of the log can name it.

Tasks and timers inherit it. What works for all calls must not: it would name the call that happened
to start it.
"""

import uuid
from contextvars import ContextVar

current_call: ContextVar[uuid.UUID | None] = ContextVar("current_call", default=None)
