"""Shows what many short calls leave in the server: ``python -m tests.bench.load.churn``.

Prints the server's memory, threads, file descriptors and tasks while no call is up: after the first
hundred calls, and after every quarter of the rest.
"""

import argparse
import asyncio
import re
import tempfile
from pathlib import Path
from typing import Final

import httpx
import uvloop

from . import recording
from .generator import Load, memory_mb
from .line import Line
from .products import OURS, Running
from .signalling import VoiceDemo

AT_ONCE: Final = 10
TALK_S: Final = 0.3
REST_S: Final = 12.0
"""Longer than the server keeps anything of a call that was hung up."""


async def some_calls(http: httpx.AsyncClient, server: Running, count: int) -> None:
    packets = recording.packets()
    for _ in range(count // AT_ONCE):
        load = Load(lambda _: Line(VoiceDemo(http, server.url), packets))
        await load.connect(AT_ONCE)
        await asyncio.sleep(TALK_S)
        await load.hang_up()


async def left_behind(http: httpx.AsyncClient, server: Running) -> str:
    await asyncio.sleep(REST_S)
    metrics = (await http.get(f"{server.url}metrics")).text
    (tasks,) = re.findall(r"^voicedemo_asyncio_tasks (\S+)", metrics, re.MULTILINE)
    process = Path(f"/proc/{server.pid}")
    threads = len(list((process / "task").iterdir()))
    files = len(list((process / "fd").iterdir()))
    mb = memory_mb(server.pid)
    return f"{mb:.1f} MB, {threads} threads, {files} file descriptors, {float(tasks):.0f} tasks"


async def main(calls: int) -> None:
    with tempfile.TemporaryDirectory() as folder, OURS.start(Path(folder)) as server:
        async with httpx.AsyncClient(timeout=60) as http:
            done = 0
            for count in (100, *(4 * [calls // 4])):
                await some_calls(http, server, count)
                done += count
                print(f"after {done} calls: {await left_behind(http, server)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    uvloop.run(main(parser.parse_args().calls))
