"""Seen from outside: do packets arrive where the media port is advertised?"""

import asyncio

from aioice.stun import TransactionError

from bot.paths.base import Address
from bot.paths.gather import TurnServer

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
    """A packet to the media port by way of a TURN server, as from a phone that needs one.

    :param address: that is advertised.
    """
    check, subject = "media reachable", f"{address}:{number}/udp"
    loop = asyncio.get_running_loop()
    try:
        transport, listener = await loop.create_datagram_endpoint(
            _Listener, local_addr=("::" if ":" in address else "0.0.0.0", number)
        )
    except OSError:
        why = "the port is in use: stop the server to have it tried from outside"
        return skipped(check, subject, why)
    try:
        async with asyncio.timeout(PATIENCE_S), allocation(relay) as (base, _):
            while not listener.heard.is_set():
                base.send(PROBE, (address, number))
                await asyncio.sleep(RETRY_S)
    except (TransactionError, TimeoutError, OSError):
        detail = f"what {relay.host} relays there does not arrive"
        return bad(check, subject, detail, f"Let UDP (and TCP) in on port {number}.")
    finally:
        transport.close()
    return good(check, subject, f"what {relay.host} relays there arrives")
