"""Run a proof or a call in a process and a network of its own, or several side by side."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from tests.e2e.server import ROOT

from .profiles import BY_NAME

AT_ONCE = (os.cpu_count() or 1) + 1
"""Most of a call's time is waiting."""
LONGEST_S = 600

Work = Literal["proof", "chromium", "firefox", "stock", "check", "check in firefox"]


@dataclass(frozen=True)
class Job:
    profile: str
    work: Work

    def __str__(self) -> str:
        return f"{self.profile}-{self.work}"

    @property
    def command(self) -> list[str]:
        """The arguments of ``python -m tests.natlab``."""
        match self.work:
            case "proof":
                return ["prove", self.profile]
            case "stock":
                return ["try", self.profile, "--stock"]
            case "check":
                return ["check", self.profile]
            case "check in firefox":
                return ["check", self.profile, "--browser", "firefox"]
            case browser:
                return ["try", self.profile, "--browser", browser]

    def run(self) -> Any:
        """Run the job and return the JSON that it prints.

        :raises RuntimeError: with the end of its standard error, if it prints none.
        """
        with subprocess.Popen(
            [sys.executable, "-m", "tests.natlab", *self.command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                out, complaints = process.communicate(timeout=LONGEST_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)  # it takes its network down
                out, complaints = process.communicate()
        lines = [line for line in out.splitlines() if line.startswith(("[", "{"))]
        if not lines:
            raise RuntimeError(f"{self}: {complaints[-4000:]}")
        return json.loads(lines[-1])


@contextmanager
def under_way(jobs: Iterable[Job], at_once: int = AT_ONCE) -> Iterator[dict[Job, Future[Any]]]:
    """Run all jobs, the longest first, ``at_once`` at a time."""
    with ThreadPoolExecutor(at_once) as pool:
        futures = {job: pool.submit(job.run) for job in longest_first(jobs)}
        try:
            yield futures
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def longest_first(jobs: Iterable[Job]) -> list[Job]:
    """Order jobs so that those running side by side end at about the same time."""
    return sorted(jobs, key=_length, reverse=True)


def _length(job: Job) -> float:
    return BY_NAME[job.profile].lasts_s * (0.3 if job.work == "proof" else 1.0)
