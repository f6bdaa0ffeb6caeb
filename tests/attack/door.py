"""A client of the HTTP and WebSocket doors that does what it is told, good or bad."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .stage import CALLERS, SERVER

PORT: Final = 8000
URL: Final = f"http://{SERVER}:{PORT}"


class RefusedError(Exception):
    """The server said no to a message: ``error`` or ``bye``."""


class Door:
    """What one network sees of the server.

    :param address: the local address to come from; None leaves it to the kernel.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._sockets: list[Socket] = []
        transport = httpx.AsyncHTTPTransport(local_address=address)
        self.http = httpx.AsyncClient(transport=transport, base_url=URL, timeout=30)

    async def ticket(self) -> str:
        return str((await self.http.get("/api/ticket/")).raise_for_status().json()["ticket"])

    async def socket(self, ticket: str | None = None) -> "Socket":
        """Open a socket, with a fresh ticket unless one is given, and wait for its ``ready``."""
        ticket = ticket or await self.ticket()
        socket = Socket(
            await connect(
                f"{URL.replace('http', 'ws')}/ws/call/?ticket={ticket}",
                local_addr=(self._address, 0) if self._address else None,
                ping_interval=None,
                compression=None,
                max_queue=None,
            )
        )
        self._sockets.append(socket)
        socket.ready = await socket.hear_until("ready")
        return socket

    async def close(self) -> None:
        """Close it and every socket that it opened."""
        await asyncio.gather(*(socket.close() for socket in self._sockets))
        await self.http.aclose()


class Socket:
    """A page's socket."""

    ready: dict[str, Any]

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        return dict(json.loads(await self.connection.recv()))

    async def hear_until(self, kind: str) -> dict[str, Any]:
        """:raises RefusedError: if an error or a goodbye comes first."""
        while (message := await self.hear())["type"] != kind:
            if message["type"] in ("error", "bye"):
                raise RefusedError(message)
        return message

    async def close(self) -> None:
        await self.connection.close()


class Signalling:
    """The signalling of an honest call, as :class:`tests.bench.load.line.Line` takes it."""

    channel = "heartbeat"
    hello = json.dumps({"type": "pipecat.ping", "id": 1, "ts": 0})

    def __init__(self, address: str) -> None:
        self._door = Door(address)
        self.sdp = ""
        """The server's answer."""
        self.socket: Socket

    async def open(self) -> None:
        self.socket = await self._door.socket()

    async def answer(self, offer: str) -> str:
        await self.socket.say(type="offer", sdp=offer, generation=1, voice="echo")
        self.sdp = str((await self.socket.hear_until("answer"))["sdp"])
        return self.sdp

    async def close(self) -> None:
        with suppress(ConnectionClosed):  # if the server has ended the call first
            await self.socket.say(type="bye", reason="hangup")
        await self._door.close()


def addresses() -> Iterator[str]:
    """An address for each caller; after fifty they share."""
    return itertools.cycle(CALLERS)


@contextmanager
def refusals() -> Iterator[list[Exception]]:
    """Collect what the server does to somebody who misbehaves: that is no failure of a test."""
    found: list[Exception] = []
    try:
        yield found
    except (RefusedError, ConnectionClosed, InvalidHandshake, httpx.HTTPError, OSError) as exc:
        found.append(exc)


async def gone(writer: asyncio.StreamWriter) -> None:
    """Reset a connection, and wait until it is closed."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
