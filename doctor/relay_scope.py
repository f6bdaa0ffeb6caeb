"""Where a TURN server relays to. Nobody may reach the networks behind it through it.

Whoever opens the page gets credentials, so the server must refuse its own services, the machines
beside it and the metadata service of its cloud, in every spelling of an address (CVE-2026-27624).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioice import stun
from aioice.stun import Class, Message, Method, TransactionError, TransactionFailed
from aioice.turn import (
    DEFAULT_ALLOCATION_LIFETIME,
    DEFAULT_CHANNEL_REFRESH_TIME,
    UDP_TRANSPORT,
    TurnClientTcpProtocol,
    TurnClientUdpProtocol,
)

from bot.ice.turn import TurnServer, trust

from .findings import Finding, bad, good, skipped

PATIENCE_S = 5.0
PORT = 9
"""RFC 863, discard. Nothing is sent there: the server is only asked for the permission to."""
CHECK = "relay scope"

FORBIDDEN = (
    # This machine; private networks; the metadata services of clouds; multicast and broadcast.
    *("0.0.0.0", "127.0.0.1", "127.0.0.53"),
    *("10.201.7.3", "172.29.7.3", "192.168.217.3", "100.101.7.3"),
    *("169.254.169.254", "168.63.129.16", "192.0.0.192", "224.0.0.251", "255.255.255.255"),
    # The same in IPv6, and IPv4 addresses in all the ways in which IPv6 can spell them.
    *("::", "::1", "fd00:ec2::254", "fd12:3456:789a::1", "fe80::1", "ff02::fb"),
    *("::ffff:127.0.0.1", "::ffff:10.201.7.3", "::ffff:169.254.169.254", "::ffff:0.0.0.0"),
    *("::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::1"),
)

Client = TurnClientTcpProtocol | TurnClientUdpProtocol

_IPV6_FAMILY = 0x02000000
# RFC 8656, 18.9. aioice has no name for it, as it allocates IPv4 only.
stun.ATTRIBUTES_BY_NAME["REQUESTED-ADDRESS-FAMILY"] = (
    0x0017,
    "REQUESTED-ADDRESS-FAMILY",
    stun.pack_unsigned,
    stun.unpack_unsigned,
)


async def scope(server: TurnServer) -> Finding:
    """Does it refuse to relay to loopback, private, link-local and metadata addresses?

    The server's own relayed address is left out: a relay may reach itself.
    """
    try:
        async with asyncio.timeout(2 * PATIENCE_S):
            granted = {
                *await _granted(server, in_ipv6=False),
                *await _granted(server, in_ipv6=True),
            }
    except (TransactionError, TimeoutError, OSError) as exc:
        return skipped(CHECK, server.url, f"it does not answer ({exc})")
    if granted:
        return bad(
            CHECK,
            server.url,
            f"relays to {', '.join(it for it in FORBIDDEN if it in granted)}",
            "Deny these addresses: deploy/coturn/turnserver.conf has the whole list.",
        )
    return good(CHECK, server.url, "refuses loopback, private and metadata addresses")


async def _granted(server: TurnServer, *, in_ipv6: bool) -> list[str]:
    """The addresses that it gives a permission for. None if it has no relay of that family."""
    try:
        async with allocated(server, in_ipv6=in_ipv6) as client:
            assert client.relayed_address
            others = [it for it in FORBIDDEN if it != client.relayed_address[0]]
            answers = await asyncio.gather(*(is_granted(client, it) for it in others))
    except TransactionFailed:
        if in_ipv6:  # 440, Address Family not Supported (RFC 8656, 19)
            return []
        raise
    return [it for it, answer in zip(others, answers, strict=True) if answer]


async def is_granted(client: Client, address: str) -> bool:
    """Ask in both ways that a client has (RFC 8656, 10 and 12)."""
    permission = Message(Method.CREATE_PERMISSION, Class.REQUEST)
    permission.attributes["XOR-PEER-ADDRESS"] = (address, PORT)
    channel = Message(Method.CHANNEL_BIND, Class.REQUEST)
    channel.attributes["CHANNEL-NUMBER"] = client.channel_number
    channel.attributes["XOR-PEER-ADDRESS"] = (address, PORT)
    client.channel_number += 1
    for request in (permission, channel):
        try:
            await client.request_with_retry(request)
        except TransactionFailed:
            continue
        return True
    return False


@asynccontextmanager
async def allocated(server: TurnServer, *, in_ipv6: bool) -> AsyncIterator[Client]:
    """An allocation that may be asked for permissions; released at the end."""
    client = await _connected(server)
    try:
        request = Message(Method.ALLOCATE, Class.REQUEST)
        request.attributes["LIFETIME"] = DEFAULT_ALLOCATION_LIFETIME
        request.attributes["REQUESTED-TRANSPORT"] = UDP_TRANSPORT
        if in_ipv6:
            request.attributes["REQUESTED-ADDRESS-FAMILY"] = _IPV6_FAMILY
        response, _ = await client.request_with_retry(request)
        client.relayed_address = response.attributes["XOR-RELAYED-ADDRESS"]
        yield client
        await client.delete()
    finally:
        client.transport.close()


async def _connected(server: TurnServer) -> Client:
    loop = asyncio.get_running_loop()
    address = (server.host, server.port)
    terms = (
        server.username,
        server.credential,
        DEFAULT_ALLOCATION_LIFETIME,
        DEFAULT_CHANNEL_REFRESH_TIME,
    )
    client: Client
    if server.transport == "tcp":
        tls = await asyncio.to_thread(trust) if server.tls else None
        _, client = await loop.create_connection(
            lambda: TurnClientTcpProtocol(address, *terms), *address, ssl=tls
        )
    else:
        _, client = await loop.create_datagram_endpoint(
            lambda: TurnClientUdpProtocol(address, *terms), remote_addr=address
        )
    return client
