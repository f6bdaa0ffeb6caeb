import asyncio
import faulthandler
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot.ice.names import MAX_NUMBER
from bot.worker import Worker
from calls import metrics
from fleet.lease import host_name, new_channel
from voicedemo import descriptors
from voicedemo.bot_worker import make_worker
from voicedemo.claim import Claim
from voicedemo.shutdown import CALLS_S, SHUTDOWN_S
from voicedemo.supervisor import worker_claim


class Command(BaseCommand):
    help = "Run one bot worker. It serves no pages: `manage.py serve --no-bot` does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--number", type=int, default=1, help="of this worker on this machine, from 1"
        )
        parser.add_argument("--channel", default="", help="set by `serve --workers` only")

    def handle(self, *args: Any, number: int, channel: str, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError(
                "A worker of its own takes its calls from Redis: set REDIS_URL. Without Redis, "
                "`manage.py serve` runs the bot in the same process as the pages."
            )
        if not 1 <= number <= MAX_NUMBER:
            raise CommandError(f"--number goes from 1 to {MAX_NUMBER}")
        channel = channel or new_channel(f"{host_name()}-{number}")
        claim = Claim(Path(settings.VAR_DIR), worker_claim(number))
        if not claim.is_mine:
            self.stderr.write(f"Worker {number} of this folder is running. Waiting for its end.")
            try:
                claim.wait()
            except KeyboardInterrupt:
                return
        claim.exchange(str(os.getpid()))  # for a supervisor that finds us here
        descriptors.take_all()
        asyncio.run(self._run(make_worker(channel, number), number))

    async def _run(self, worker: Worker, number: int) -> None:
        """Take calls until SIGTERM, then let them move. SIGINT, or another SIGTERM, ends them."""
        stopping, now = asyncio.Event(), asyncio.Event()

        def stop(*, at_once: bool) -> None:
            if at_once or stopping.is_set():
                now.set()
            stopping.set()

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: stop(at_once=False))
        loop.add_signal_handler(signal.SIGINT, lambda: stop(at_once=True))
        self._serve_metrics(number)
        await worker.start()
        self.stdout.write("The worker takes calls.")
        self.stdout.flush()
        await stopping.wait()
        await _first_of(worker.drain(settings.VOICEDEMO_DRAIN_S), now.wait())
        faulthandler.dump_traceback_later(SHUTDOWN_S, exit=True)
        async with asyncio.timeout(CALLS_S):
            await worker.stop()
        faulthandler.cancel_dump_traceback_later()

    def _serve_metrics(self, number: int) -> None:
        if first := settings.VOICEDEMO_WORKER_METRICS_PORT:
            port = first + number - 1
            try:
                metrics.serve_workers_own(settings.VOICEDEMO_WORKER_METRICS_BIND, port)
            except OSError as exc:  # an earlier worker may still have it: calls matter more
                self.stderr.write(f"No metrics on port {port}: {exc}")


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when one of them has."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
