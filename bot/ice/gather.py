"""Server-reflexive candidates (RFC 8445, 5.1.1.2), found by asking a STUN server."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Final

from aioice.candidate import Candidate, candidate_foundation, candidate_priority

from wire import ice_urls

from . import stun
from .media_port import MediaPort, UdpBase
from .path import Address, Base

FIRST_RETRY_S: Final = 0.25
GIVE_UP_S: Final = 8.0


@dataclass(frozen=True)
class StunServer:
    """A STUN server, reached over UDP."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"stun:{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> "StunServer":
        """Read a STUN URL.

        :raises ValueError: if it is not one (RFC 7064).
        """
        parsed = ice_urls.parse(url)
        if parsed.kind != "stun":
            raise ValueError(f"{url!r} is not a STUN URL")
        return cls(parsed.host, parsed.port)


class _Binding:
    """One Binding request from a shared base, sent again until answered (RFC 8489, 6.2.1)."""

    def __init__(self, media_port: MediaPort, base: UdpBase, server: Address) -> None:
        self._media_port = media_port
        self._base = base
        self._server = server
        self._request = stun.binding_request(media_port.new_transaction())
        self._answer: asyncio.Future[Address] = asyncio.get_running_loop().create_future()

    async def mapped_address(self) -> Address:
        """:raises TimeoutError: if the server does not answer."""
        self._media_port.expect(self._request.transaction_id, self)
        retry = asyncio.create_task(self._send())
        try:
            return await asyncio.wait_for(self._answer, GIVE_UP_S)
        finally:
            retry.cancel()
            self._media_port.forget(self._request.transaction_id)

    async def _send(self) -> None:
        wait = FIRST_RETRY_S
        while True:
            self._base.send(bytes(self._request), self._server)
            await asyncio.sleep(wait)
            wait *= 2

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        try:
            mapped = stun.parse(data).attributes.get("XOR-MAPPED-ADDRESS")
        except ValueError:
            return
        if mapped is not None and remote == self._server and not self._answer.done():
            self._answer.set_result(mapped)

    def base_lost(self, base: Base) -> None:
        """Never happens: a UDP base lives as long as its port."""


async def reflexive_candidate(
    media_port: MediaPort, base: UdpBase, server: StunServer
) -> Candidate | None:
    """Ask ``server`` which address it sees ``base`` at.

    :returns: None if the server has no address of the base's family.
    :raises OSError: if the server cannot be reached.
    :raises TimeoutError: if it does not answer.
    """
    family = socket.AF_INET6 if ":" in base.local[0] else socket.AF_INET
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            server.host, server.port, family=family, type=socket.SOCK_DGRAM
        )
    except socket.gaierror:
        return None
    binding = _Binding(media_port, base, found[0][4][:2])  # type: ignore[arg-type]
    host, number = await binding.mapped_address()
    return Candidate(
        foundation=candidate_foundation("srflx", "udp", base.local[0]),
        component=1,
        transport="udp",
        priority=candidate_priority(1, "srflx", base.preference),
        host=host,
        port=number,
        type="srflx",
        related_address=base.candidate.host,
        related_port=base.candidate.port,
    )
