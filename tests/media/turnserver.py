"""Run a real coturn on loopback."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.ports import HERE, free_port

SHIPPED = Path(__file__).parents[2] / "deploy/coturn/turnserver.conf"


@asynccontextmanager
async def turnserver(folder: Path, *options: str, config: Path | None = None) -> AsyncIterator[int]:
    """Start coturn and yield its port.

    :param options: further options of its command line, for example its users.
    :param config: its configuration file; None for no file.
    """
    port = free_port()
    program = shutil.which("turnserver")
    assert program, "install coturn (Debian: apt-get install coturn)"
    process = await asyncio.create_subprocess_exec(
        program,
        *(["-c", str(config)] if config else ["-n"]),
        *("--log-file=stdout", "--simple-log", "--no-cli", "--no-dtls"),
        *(f"--listening-ip={HERE}", f"--relay-ip={HERE}", f"--listening-port={port}"),
        *("--realm=example", "--allow-loopback-peers"),
        *(f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'db'}"),
        *options,
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listening(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(HERE, port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
