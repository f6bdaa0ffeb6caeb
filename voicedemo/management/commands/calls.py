import json
import re
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from calls import search
from calls.models import Call
from voicedemo.call_words import facts, line
from wire.states import CallState

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = "List calls, newest first. `manage.py call ID` says what happened to one of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=span, help="30m, 2h or 7d: calls that began since then")
        parser.add_argument("--state", choices=[state.value for state in CallState])
        parser.add_argument("--reason", help="a code of docs/networks.md, such as network_blocked")
        parser.add_argument("--stand", help="a stand's name; '' for calls without a stand")
        parser.add_argument(
            "--way", choices=search.WAYS, help="how the page reached the bot; relay: any relay"
        )
        parser.add_argument("--limit", type=count, default=20, help="how many at most (20)")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        since: timedelta | None = options["since"]
        found = search.newest(
            options["limit"],
            since=timezone.now() - since if since else None,
            state=options["state"],
            reason=options["reason"],
            stand=options["stand"],
            way=options["way"],
        )
        if options["json"]:
            told = [facts(call, search.way_of(call.pairs)) for call in found]  # type: ignore[attr-defined]
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self._list(found)

    def _list(self, found: list[Call]) -> None:
        if not found:
            self.stdout.write("no calls")
            return
        self.stdout.write("id        start (UTC)     length  state, reason, way, stand")
        for call in found:
            self.stdout.write(line(call, search.way_of(call.pairs)))  # type: ignore[attr-defined]


def span(text: str) -> timedelta:
    """Read a span of time such as ``2h``.

    :raises ArgumentTypeError: if it is none.
    """
    parts = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if parts is None:
        raise ArgumentTypeError(f"{text!r} is not a number with s, m, h or d, such as 2h")
    return timedelta(**{UNITS[parts[2]]: int(parts[1])})


def count(text: str) -> int:
    """Read a number of calls.

    :raises ArgumentTypeError: if it is not 1 or more.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)
