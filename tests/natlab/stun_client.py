"""A STUN client (RFC 5389) that shares no code with the product, so that it can prove it wrong."""

import os
import socket
import struct

MAGIC = 0x2112A442
BINDING_REQUEST, BINDING_SUCCESS = 0x0001, 0x0101
XOR_MAPPED_ADDRESS = 0x0020
RETRIES_S = (0.5, 0.5, 1.0, 2.0)

Address = tuple[str, int]


def mapped(client: socket.socket, server: Address) -> Address:
    """Return the address from which ``server`` sees the packets of ``client`` come.

    :raises TimeoutError: if it does not answer.
    """
    transaction = os.urandom(12)
    request = struct.pack("!HHI12s", BINDING_REQUEST, 0, MAGIC, transaction)
    for patience in RETRIES_S:
        client.settimeout(patience)
        client.sendto(request, server)
        try:
            while True:
                answer = client.recv(2048)
                if answer[8:20] == transaction and answer[:2] == struct.pack("!H", BINDING_SUCCESS):
                    return _xor_mapped_address(answer)
        except TimeoutError:
            continue
    raise TimeoutError(f"{server[0]}:{server[1]} does not answer")


def _xor_mapped_address(message: bytes) -> Address:
    """Return the message's XOR-MAPPED-ADDRESS (RFC 5389, 15.2).

    :raises ValueError: if it has none.
    """
    at = 20
    while at + 4 <= len(message):
        kind, length = struct.unpack_from("!HH", message, at)
        value = message[at + 4 : at + 4 + length]
        if kind == XOR_MAPPED_ADDRESS:
            family = socket.AF_INET6 if value[1] == 2 else socket.AF_INET
            port = struct.unpack_from("!H", value, 2)[0] ^ (MAGIC >> 16)
            mask = message[4:20]
            host = bytes(a ^ b for a, b in zip(value[4:], mask, strict=False))
            return socket.inet_ntop(family, host), port
        at += 4 + length + -length % 4
    raise ValueError("no XOR-MAPPED-ADDRESS")
