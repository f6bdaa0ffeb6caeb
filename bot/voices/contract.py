"""Whether a class can be a bot, so that one that cannot stops the server's start, not each call."""

import inspect
from types import FunctionType
from typing import Any, Final

METHODS: Final = {"begin": 1, "hear": 1, "interrupted": 0, "end": 0}
"""The methods of a :class:`~bot.voices.plugged_in.Bot`, and how many arguments each is given."""
PORTABLE: Final = {"snapshot": 0, "resume": 2}
"""Those of a bot that can go on in another process. It has both or neither."""
SAMPLE_RATES: Final = (8000, 16000, 24000, 48000)


def faults_of(bot: Any) -> list[str]:
    """Return what keeps it from being a bot, one clause each; nothing if it is one."""
    if not isinstance(bot, type):
        return ["it is not a class"]
    is_portable = any(hasattr(bot, name) for name in PORTABLE)
    methods = METHODS | PORTABLE if is_portable else METHODS
    faults = [_fault_of_method(bot, name, count) for name, count in methods.items()]
    faults += [_fault_of_rate(bot), _fault_of_turns(bot)]
    return [fault for fault in faults if fault]


def _fault_of_method(bot: type, name: str, arguments: int) -> str:
    method = getattr(bot, name, None)
    if method is None:
        return f"it has no method {name}()"
    if not callable(method):
        return f"{name} is not a method"
    if inspect.iscoroutinefunction(method):
        return f"{name}() is 'async def', and nobody would await it"
    if isinstance(inspect.getattr_static(bot, name), FunctionType):
        try:
            inspect.signature(method).bind(*[None] * (1 + arguments))
        except TypeError:
            return f"{name}() takes other arguments than (self{', x' * arguments})"
    return ""


def _fault_of_rate(bot: type) -> str:
    if not hasattr(bot, "sample_rate"):
        return "it has no attribute sample_rate"
    rate = bot.sample_rate
    if isinstance(rate, property) or rate in SAMPLE_RATES:
        return ""
    return f"sample_rate is {rate!r}, not one of {', '.join(map(str, SAMPLE_RATES))}"


def _fault_of_turns(bot: type) -> str:
    if not hasattr(bot, "takes_turns"):
        return "it has no attribute takes_turns"
    turns = bot.takes_turns
    return (
        "" if isinstance(turns, bool | property) else f"takes_turns is {turns!r}, not True or False"
    )
