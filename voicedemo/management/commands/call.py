import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls import search
from calls.causes import cause_of
from calls.models import Call, CallEvent
from calls.restarts import outcomes
from voicedemo.call_words import event_facts, event_line, facts, summary


class Command(BaseCommand):
    help = "Say what happened to a call and what to do, and print its timeline in words."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="the call's id, or enough of its beginning")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            call = search.by_prefix(options["id"])
        except search.CallNotFoundError as exc:
            raise CommandError(str(exc)) from None
        events = list(call.events.all())
        if options["json"]:
            self._as_json(call, events)
        else:
            self._in_words(call, events)

    def _as_json(self, call: Call, events: list[CallEvent]) -> None:
        cause, restarts = cause_of(call, events), outcomes(events)
        told = {
            **facts(call, search.way_of(events)),
            "cause": {"code": cause.code, "whose": cause.whose, "sentence": cause.sentence},
            "events": [event_facts(call, event, restarts) for event in events],
        }
        self.stdout.write(json.dumps(told, indent=2))

    def _in_words(self, call: Call, events: list[CallEvent]) -> None:
        self.stdout.write(cause_of(call, events).sentence)
        self.stdout.write(summary(call, search.way_of(events)))
        restarts = outcomes(events)
        for event in events:
            self.stdout.write(event_line(call, event, restarts))
