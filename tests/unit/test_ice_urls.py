"""STUN and TURN URLs, as RFC 7064 and RFC 7065 spell them."""

import pytest

from wire.ice_urls import IceUrl, Kind, parse

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("url", "expected", "kind"),
    [
        ("stun:a.example", IceUrl("stun", "a.example", 3478, "udp"), "stun"),
        ("stun:a.example:19302", IceUrl("stun", "a.example", 19302, "udp"), "stun"),
        ("stuns:a.example", IceUrl("stuns", "a.example", 5349, "tcp"), "stun"),
        ("turn:A.example", IceUrl("turn", "a.example", 3478, "udp"), "udp"),
        ("turn:a.example:80?transport=tcp", IceUrl("turn", "a.example", 80, "tcp"), "tcp"),
        ("turns:192.0.2.7", IceUrl("turns", "192.0.2.7", 5349, "tcp"), "tls"),
        ("turns:a.example:443?transport=tcp", IceUrl("turns", "a.example", 443, "tcp"), "tls"),
        ("turn:[2001:db8::7]:3478", IceUrl("turn", "2001:db8::7", 3478, "udp"), "udp"),
    ],
)
def test_an_url_is_read_with_its_defaults(url: str, expected: IceUrl, kind: Kind) -> None:
    assert parse(url) == expected
    assert parse(url).kind == kind


@pytest.mark.parametrize(
    "url",
    [
        "",
        "turn:",
        "turn.example.com:3478",
        "turn://turn.example.com",
        "https://example.com",
        "turn:a.example:0",
        "turn:a.example:65536",
        "turn:a.example:port",
        "turn:a.example?transport=sctp",
        "turn:a.example?transport=udp&more",
        "turn:2001:db8::7",
        "stun:a.example?transport=udp",
    ],
)
def test_a_malformed_ice_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        parse(url)
