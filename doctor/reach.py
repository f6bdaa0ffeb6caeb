"""Seen from outside: do packets arrive at the advertised media port?"""

import asyncio
import socket

from aioice.stun import TransactionError

from bot.ice.addresses import host_addresses
from bot.ice.path import Address
from bot.ice.turn import TurnServer

from .findings import Finding, bad, good, skipped
from .servers import PROBE, allocation

PATIENCE_S = 3.0
RETRY_S = 0.2


class _Listener(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data == PROBE:
            self.heard.set()


async def media_port(address: str, number: int, relay: TurnServer) -> Finding:
    """Send packets to the media port through a TURN server, as for a phone that needs one.

    :param address: the advertised one.
    """
    check, subject = "media reachable", f"{address}:{number}/udp"
    loop = asyncio.get_running_loop()
    try:
        transport, listener = await loop.create_datagram_endpoint(
            _Listener, local_addr=("::" if ":" in address else "0.0.0.0", number)
        )
    except OSError:
        why = "the port is in use: stop the server to test it from outside"
        return skipped(check, subject, why)
    try:
        return await _relayed(relay, address, number, listener)
    finally:
        transport.close()


async def _relayed(relay: TurnServer, address: str, number: int, listener: _Listener) -> Finding:
    check, subject = "media reachable", f"{address}:{number}/udp"
    try:
        async with asyncio.timeout(2 * PATIENCE_S), allocation(relay) as (base, _):
            until = asyncio.get_running_loop().time() + PATIENCE_S
            while not listener.heard.is_set() and asyncio.get_running_loop().time() < until:
                base.send(PROBE, (address, number))
                await asyncio.sleep(RETRY_S)
    except (TransactionError, TimeoutError, OSError) as exc:
        return skipped(check, subject, f"{relay.host} relays nothing now ({exc})")
    if listener.heard.is_set():
        return good(check, subject, f"packets that {relay.host} relays arrive")
    detail = f"packets that {relay.host} relays do not arrive"
    return bad(check, subject, detail, f"Let UDP (and TCP) in on port {number}.")


async def is_elsewhere(relay: TurnServer) -> bool:
    """Whether it is another machine, so that its packets come through the firewall."""
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(relay.host, relay.port, type=socket.SOCK_DGRAM)
    return not {info[4][0] for info in infos} & set(host_addresses())
