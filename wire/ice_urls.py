"""STUN and TURN URLs (RFC 7064, RFC 7065)."""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast

Scheme = Literal["stun", "stuns", "turn", "turns"]
Transport = Literal["udp", "tcp"]
Kind = Literal["stun", "udp", "tcp", "tls"]

PORT: Final = 3478
TLS_PORT: Final = 5349

_SYNTAX: Final = re.compile(
    r"(?P<scheme>stuns?|turns?):"
    r"(?P<host>\[[\da-fA-F:.]+\]|[\w.-]+)"
    r"(:(?P<port>\d{1,5}))?"
    r"(\?transport=(?P<transport>udp|tcp))?"
)


@dataclass(frozen=True)
class IceUrl:
    """The URL of a STUN or TURN server, with the defaults filled in."""

    scheme: Scheme
    host: str
    """A name or an IP address, in lower case; an IPv6 address without its brackets."""
    port: int
    transport: Transport

    @property
    def kind(self) -> Kind:
        """``stun`` for a STUN server; for a TURN server how it is reached: udp, tcp or tls."""
        if self.scheme in ("stun", "stuns"):
            return "stun"
        return "tls" if self.scheme == "turns" else self.transport


def parse(url: str) -> IceUrl:
    """Read a STUN or TURN URL.

    :raises ValueError: if it is not one. The message quotes the URL; such URLs carry no secrets.
    """
    parts = _SYNTAX.fullmatch(url)
    if parts is None:
        raise ValueError(f"{url!r} is not a STUN or TURN URL")
    scheme = cast(Scheme, parts["scheme"])
    if parts["transport"] and scheme in ("stun", "stuns"):
        raise ValueError(f"{url!r}: a STUN URL has no transport (RFC 7064, 3.1)")
    is_tls = scheme in ("stuns", "turns")
    port = int(parts["port"] or (TLS_PORT if is_tls else PORT))
    if not 0 < port < 65536:
        raise ValueError(f"{url!r}: there is no port {port}")
    return IceUrl(
        scheme=scheme,
        host=parts["host"].strip("[]").lower(),
        port=port,
        transport=cast(Transport, parts["transport"] or ("tcp" if is_tls else "udp")),
    )
