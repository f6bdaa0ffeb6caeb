import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from doctor.probe import report, run
from doctor.probe.metrics import Metrics
from doctor.probe.run import Target
from doctor.probe.ways import WAYS, Way

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
            choices=[*WAYS, EACH],
            default="direct",
            help="how media go: direct over UDP (the default), over a TURN server that is reached"
            " over udp, tcp or tls, over the bot's TCP port, or over each of these that there is",
        )
        parser.add_argument(
            "--every",
            type=_seconds,
            nargs="?",
            const=EVERY_S,
            metavar="SECONDS",
            help=f"call over each way so often, for ever ({EVERY_S:g})",
        )
        parser.add_argument("--json", action="store_true", help="print one line of JSON a call")
        parser.add_argument("--textfile", type=Path, help="write metrics there, for node_exporter")
        parser.add_argument(
            "--metrics-port", type=int, metavar="N", help="answer Prometheus on this port"
        )
        parser.add_argument("--ca", type=Path, help="a file with one more authority to trust (PEM)")
        parser.add_argument(
            "--slow",
            type=_seconds,
            default=SLOW_S,
            metavar="SECONDS",
            help=f"an echo that comes later than this after the tap is a fault ({SLOW_S:g})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._target = _target(options["url"], options["ca"], options["slow"])
        self._write = report.as_json if options["json"] else report.as_text
        self._textfile: Path | None = options["textfile"]
        self._metrics = Metrics()
        if port := options["metrics_port"]:
            self._serve(port)
        self._is_each = options["way"] == EACH
        ways = WAYS if self._is_each else [cast(Way, options["way"])]
        if every := options["every"]:
            with suppress(KeyboardInterrupt):
                asyncio.run(self._call_for_ever(ways, every))
        elif not asyncio.run(self._call_once(ways)):
            sys.exit(1)

    def _serve(self, port: int) -> None:
        try:
            self._metrics.serve(settings.VOICEDEMO_WORKER_METRICS_BIND, port)
        except OSError as exc:
            raise CommandError(f"--metrics-port {port}: {exc.strerror}") from None

    async def _call_once(self, ways: Sequence[Way]) -> bool:
        """One call over each way, one after the other. Whether all were good."""
        good = [await self._call(way) for way in ways]
        return all([*good, await self._save()])

    async def _call_for_ever(self, ways: Sequence[Way], every_s: float) -> None:
        """Each way has its own turn, so that one that fails slowly delays no other."""
        async with asyncio.TaskGroup() as group:
            for number, way in enumerate(ways):
                group.create_task(self._repeat(way, every_s, number * every_s / len(ways)))

    async def _repeat(self, way: Way, every_s: float, first_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + first_s
        while True:
            await asyncio.sleep(due - loop.time())
            await self._call(way)
            await self._save()
            due = max(due + every_s, loop.time())

    async def _call(self, way: Way) -> bool:
        outcome = await run.run(self._target, way)
        if self._is_each and outcome.fault and outcome.fault.code == "no_relay":
            return True  # the server has no such way
        self._metrics.take(outcome)
        self.stdout.write(self._write(outcome))
        self.stdout.flush()
        return outcome.fault is None

    async def _save(self) -> bool:
        """Write the textfile, if one was asked for. A full disk ends no monitoring."""
        if self._textfile is None:
            return True
        try:
            await asyncio.to_thread(self._metrics.write, self._textfile)
        except OSError as exc:
            self.stderr.write(f"--textfile {self._textfile}: {exc.strerror}")
            return False
        return True


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


def _target(url: str, authority: Path | None, slow_s: float) -> Target:
    if not url.startswith(("http://", "https://")):
        raise CommandError("the URL has to begin with https:// or http://")
    try:
        trust = run.trust(authority)
    except OSError as exc:
        raise CommandError(f"{authority}: {exc.strerror or exc}") from None
    return Target(url, trust, slow_s)
