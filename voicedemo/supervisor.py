"""Runs workers beside the pages, and replaces those that die."""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from calls import metrics
from fleet.base import FleetError
from fleet.chosen import fleet
from fleet.lease import host_name, new_channel
from voicedemo.claim import Claim

log = logging.getLogger("voicedemo.supervisor")

FIRST_PAUSE_S = 0.2
MAX_PAUSE_S = 15.0
WELL_AFTER_S = 30.0
"""A worker that has run for so long did not die of its configuration: start the next at once."""
STOP_S = 6.5
"""A worker has this long to end. Without a fault it takes less than a second."""


def worker_claim(number: int) -> str:
    """The name that a worker claims in the server's folder, and leaves its process id under."""
    return f"worker-{number}"


def _signal_worker(number: int, what: signal.Signals) -> None:
    """Send a signal to the worker that has the number.

    It may be one that an earlier supervisor left behind. Ours then waits for its end.
    """
    claim = Claim(Path(settings.VAR_DIR), worker_claim(number))
    process = "" if claim.is_mine else claim.left_by_holder()
    claim.give_back()
    if process:
        with suppress(ProcessLookupError):
            os.kill(int(process), what)


class Supervisor:
    """So many workers, each a process of its own. They outlive us if we are killed, or told to
    leave them (`manage.py serve` on SIGUSR1), and the next supervisor takes them over.

    :param count: how many.
    """

    def __init__(self, count: int) -> None:
        self._stopping = False
        self._replacing: asyncio.Task[None] | None = None
        self._up = {number: asyncio.Event() for number in range(1, count + 1)}
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep(number)) for number in self._up]
        loop.add_signal_handler(signal.SIGHUP, self._replace_soon)

    async def stop(self) -> None:
        """End the workers and their calls. Returns when they have ended."""
        self._stopping = True
        for process in self._processes.values():
            process.send_signal(signal.SIGINT)
        for number in self._up:
            _signal_worker(number, signal.SIGINT)
        _, late = await asyncio.wait(self._tasks, timeout=STOP_S)
        for process in self._processes.values():
            log.warning("worker %d does not end by itself, and is killed", process.pid)
            process.kill()
        for task in late:
            await task

    async def replace(self) -> None:
        """Replace the workers one after the other, with what is on the disk now.

        The calls of each move to the others first.
        """
        for number, up in self._up.items():
            log.info("worker %d is replaced", number)
            up.clear()
            _signal_worker(number, signal.SIGTERM)
            await up.wait()
        log.info("all workers are replaced")

    def _replace_soon(self) -> None:
        if self._replacing is None or self._replacing.done():
            self._replacing = asyncio.get_running_loop().create_task(self.replace())

    async def _keep(self, number: int) -> None:
        """Start a worker again and again, later each time if it does not live long."""
        pause = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began = loop.time()
            status = await self._run(number)
            if self._stopping:
                return
            if status == 0:  # it was told to stop
                metrics.worker_ended("replaced")
                continue
            metrics.worker_ended("died")
            pause = FIRST_PAUSE_S if loop.time() - began > WELL_AFTER_S else pause
            log.error("worker %d has died, and starts again in %.1f s", number, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_S)

    async def _run(self, number: int) -> int:
        """Run a worker until it ends, and tell all processes at once that it has.

        :returns: its exit status.
        """
        channel = new_channel(f"{host_name()}-{number}")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(settings.BASE_DIR) / "manage.py"),
            "runbot",
            f"--number={number}",
            f"--channel={channel}",
            # Ctrl-C in a terminal is for us alone. We tell the workers.
            start_new_session=True,
            stdout=asyncio.subprocess.PIPE,
        )
        self._processes[number] = process
        if self._stopping:
            process.send_signal(signal.SIGINT)
        assert process.stdout
        if await process.stdout.readline():  # it says when it takes calls
            self._up[number].set()
        status = await process.wait()
        self._up[number].clear()
        del self._processes[number]
        try:
            await fleet().withdraw(channel)
        except FleetError as exc:
            log.warning("the other processes find out by themselves that it ended: %s", exc)
        return status
