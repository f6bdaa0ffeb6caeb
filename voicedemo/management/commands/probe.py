import asyncio
import sys
from pathlib import Path
from typing import Any, cast, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser

from doctor.probe import report, run
from doctor.probe.run import Outcome, Target
from doctor.probe.ways import Way

EACH = "each"
EVERY_S = 60.0
SLOW_S = 3.0


class Command(BaseCommand):
    help = (
        "Call a server as a browser does, say words, hear their echo before and after an ICE"
        " restart, and say what is broken. The exit status is 1 if a call fails."
    )
    # It may run where there is no server: nothing here needs a database or a right setting.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="of the call page: https://demo.example.com/")
        parser.add_argument(
            "--way",
            choices=[*get_args(Way), EACH],
            default="direct",
            help="how media go: direct over UDP (the default), over a TURN server that is reached"
            " over udp, tcp or tls, over the bot's TCP port, or one call over each",
        )
        parser.add_argument("--json", action="store_true", help="print one line of JSON a call")
        parser.add_argument("--ca", type=Path, help="a file with one more authority to trust (PEM)")
        parser.add_argument(
            "--slow",
            type=float,
            default=SLOW_S,
            metavar="SECONDS",
            help=f"an echo that comes later than this after the tap is a fault ({SLOW_S:g})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target = _target(options["url"], options["ca"], options["slow"])
        write = report.as_json if options["json"] else report.as_text
        failed = asyncio.run(self._calls(target, options["way"], write))
        if failed:
            sys.exit(1)

    async def _calls(self, target: Target, way: str, write: report.Write) -> bool:
        """One call over each way that was asked for. Returns whether one failed."""
        ways = await run.ways_of(target) if way == EACH else [cast(Way, way)]
        outcomes = [await self._call(target, one, write) for one in ways]
        return any(outcome.fault for outcome in outcomes)

    async def _call(self, target: Target, way: Way, write: report.Write) -> Outcome:
        outcome = await run.run(target, way)
        self.stdout.write(write(outcome))
        self.stdout.flush()
        return outcome


def _target(url: str, authority: Path | None, slow_s: float) -> Target:
    if not url.startswith(("http://", "https://")):
        raise CommandError("the URL has to begin with https:// or http://")
    try:
        trust = run.trust(authority)
    except OSError as exc:
        raise CommandError(f"{authority}: {exc.strerror or exc}") from None
    return Target(url, trust, slow_s)
