"""Why no path was found: a wrong address, a closed port, or a network that blocks UDP."""

import asyncio
import socket
from collections.abc import Iterable
from typing import Final

from aioice.candidate import Candidate

from . import faults
from .faults import ProbeError
from .path import Path

KNOCK_S: Final = 3.0

Address = tuple[str, int]


async def explain(path: Path, page_host: str) -> ProbeError:
    """Find out why ``path`` was not established.

    :param page_host: the name or address that the page came from.
    """
    if path.relay is not None:
        return faults.turn_blind(path.relay.url)
    is_tcp = path.terms.way == "ice-tcp"
    if not path.named:
        return faults.no_candidate("TCP" if is_tcp else "UDP")
    page, is_open, _ = await asyncio.gather(
        addresses(page_host), _knock_at_all(path.named), path.wait_for_stun()
    )
    where = ", ".join(f"{host}:{port}" for host, port in is_open)
    if any(is_open.values()):
        if is_tcp:
            return faults.port_closed(where, "ICE-TCP: something else listens there, or a proxy")
        if path.stun_answers:
            return faults.port_closed(where, "UDP")
        return faults.udp_blocked(where)
    if not page & {host for host, _ in is_open}:
        return faults.wrong_ip(_listed(host for host, _ in is_open), _listed(page))
    return faults.port_closed(where, "TCP" if is_tcp else "UDP and TCP")


async def addresses(host: str) -> set[str]:
    """The addresses of a name; empty if it is not known."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {str(info[4][0]) for info in found}


async def _knock_at_all(candidates: Iterable[Candidate]) -> dict[Address, bool]:
    """Whether each of these addresses takes TCP connections: the bot's media port does."""
    where = list({(c.host, c.port): None for c in candidates})
    return dict(zip(where, await asyncio.gather(*(_is_open(*one) for one in where)), strict=True))


async def _is_open(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(KNOCK_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _listed(found: Iterable[str]) -> str:
    return ", ".join(sorted(set(found))) or "no known address"
