"""The log as JSON, one object a line (``VOICEDEMO_LOG_FORMAT=json``)."""

import json
import logging
import uuid
from datetime import UTC, datetime

from calls.log_context import current_call


class JsonFormatter(logging.Formatter):
    """Writes ``time``, ``level``, ``logger`` and ``message``; ``call`` if a line is about a call,
    ``exception`` and ``stack`` if there is one. Everything beyond ASCII is escaped.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if call := _call(record):
            line["call"] = str(call)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line)


def _rfc3339(at: float) -> str:
    """:param at: seconds since 1970."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _call(record: logging.LogRecord) -> uuid.UUID | None:
    """The call that a message names, or that the task works for. Only calls' ids are UUIDs."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    named = (argument for argument in arguments if isinstance(argument, uuid.UUID))
    return next(named, None) or getattr(record, "call", None) or current_call.get()
