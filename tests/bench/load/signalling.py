"""The signalling of each product. There is one object for each call."""

import asyncio
import itertools
import json
import secrets
from typing import Any, Protocol

import httpx
from websockets.asyncio.client import ClientConnection, connect

_callers = itertools.count(1)


class Signalling(Protocol):
    channel: str
    """The label of the data channel that a page opens; '' if it opens none."""
    hello: str
    """The first message on that channel."""

    async def open(self) -> None:
        """Do what a page does before the tap."""
        ...

    async def answer(self, offer: str) -> str: ...

    async def close(self) -> None:
        """Hang up."""
        ...


class VoiceDemo:
    """A ticket over HTTP, then a WebSocket for as long as the call.

    The server would refuse so many calls from one address. So it runs with ``VOICEDEMO_PROXIES``,
    and each call claims its own address in the header that a proxy would write.
    """

    channel = "heartbeat"
    hello = json.dumps({"type": "pipecat.ping", "id": 1, "ts": 0})

    def __init__(self, http: httpx.AsyncClient, url: str, *, voice: str = "echo") -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._voice = voice
        self._socket: ClientConnection

    async def open(self) -> None:
        number = next(_callers)
        headers = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        answer = await self._http.get(f"{self._url}/api/ticket/", headers=headers)
        ticket = answer.raise_for_status().json()["ticket"]
        self._socket = await connect(
            f"{self._url.replace('http', 'ws', 1)}/ws/call/?ticket={ticket}",
            additional_headers=headers,
            ping_interval=None,
        )
        await self._next("ready")

    async def answer(self, offer: str) -> str:
        await self._say({"type": "offer", "sdp": offer, "generation": 1, "voice": self._voice})
        return (await self._next("answer"))["sdp"]

    async def close(self) -> None:
        await self._say({"type": "bye", "reason": "hangup"})
        await self._socket.close()

    async def _say(self, message: dict[str, Any]) -> None:
        await self._socket.send(json.dumps(message))

    async def _next(self, kind: str) -> dict[str, Any]:
        message = {}
        async for text in self._socket:
            message = json.loads(text)
            if message["type"] == kind:
                return message
            if message["type"] in ("error", "bye"):
                break
        raise ConnectionError(f"expected {kind}, got {message}")


class HttpOffer:
    """The offer is a POST, and its response is the answer: bare aiortc, FastRTC, Pipecat."""

    channel = "text"
    hello = "handshake"  # FastRTC waits for it; the others ignore it

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def open(self) -> None:
        pass

    async def answer(self, offer: str) -> str:
        body = {"sdp": offer, "type": "offer", "webrtc_id": secrets.token_hex(4)}
        answer = (await self._http.post(self._url, json=body)).raise_for_status().json()
        if "sdp" not in answer:
            raise ConnectionError(str(answer))
        return answer["sdp"]

    async def close(self) -> None:
        pass


class Janus:
    """The REST interface of its echo test: a session and a handle, and a long poll for events."""

    channel = hello = ""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url
        self._polls: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._session = await self._ask("", janus="create")
        self._handle = await self._ask(
            f"/{self._session}", janus="attach", plugin="janus.plugin.echotest"
        )

    async def answer(self, offer: str) -> str:
        await self._ask(
            f"/{self._session}/{self._handle}",
            janus="message",
            body={"audio": True, "video": False},
            jsep={"type": "offer", "sdp": offer},
        )
        while "jsep" not in (event := await self._event()):
            pass
        self._polls = asyncio.create_task(self._poll())
        return event["jsep"]["sdp"]

    async def close(self) -> None:
        if self._polls is not None:
            self._polls.cancel()
        await self._ask(f"/{self._session}", janus="destroy")

    async def _poll(self) -> None:
        while True:  # a session that is not polled for a minute is closed
            await self._event()

    async def _event(self) -> dict[str, Any]:
        answer = await self._http.get(f"{self._url}/{self._session}")
        return answer.raise_for_status().json()

    async def _ask(self, path: str, **request: Any) -> int:
        request["transaction"] = secrets.token_hex(6)
        answer = (await self._http.post(self._url + path, json=request)).raise_for_status().json()
        return answer.get("data", {}).get("id", 0)
