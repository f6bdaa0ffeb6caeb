"""Which addresses a page may name."""

import ipaddress

import pytest
from aioice.candidate import Candidate

from bot.ice.remotes import MAX_REMOTES, RemotePolicy, Remotes

pytestmark = pytest.mark.unit

PUBLIC = RemotePolicy(["10.1.0.5"], ["93.184.215.14"], own=frozenset({"10.1.0.5", "10.1.255.255"}))
"""A server in a cloud: its own address is private, and a NAT gives it a public one."""
AT_HOME = RemotePolicy(["192.168.1.5"], own=frozenset({"192.168.1.5"}))


def allows(policy: RemotePolicy, host: str) -> bool:
    return policy.allows(ipaddress.ip_address(host))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.251",
        "ff02::fb",
        "255.255.255.255",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
    ],
)
def test_no_page_may_name_this(host: str) -> None:
    assert not allows(PUBLIC, host)
    assert not allows(AT_HOME, host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "10.1.0.5", "93.184.215.14"]
)
def test_the_network_behind_a_public_server_is_not_for_pages(host: str) -> None:
    assert not allows(PUBLIC, host)


@pytest.mark.parametrize("host", ["192.168.1.20", "192.168.1.5", "100.64.0.1", "fd12::1"])
def test_a_server_in_a_lan_calls_phones_there(host: str) -> None:
    assert allows(AT_HOME, host)


@pytest.mark.parametrize("host", ["8.8.8.8", "203.0.113.9", "2a00::1"])
def test_public_addresses_may_be_named(host: str) -> None:
    assert allows(PUBLIC, host)
    assert allows(AT_HOME, host)


@pytest.mark.parametrize("bound", [["93.184.215.14", "fd12::5"], ["93.184.215.14"]])
def test_a_server_with_a_public_ipv4_address_is_in_no_lan_whatever_its_ipv6_address(
    bound: list[str],
) -> None:
    policy = RemotePolicy(bound, own=frozenset(bound))
    assert not allows(policy, "fd12::1")
    assert not allows(policy, "fd12::5")
    assert allows(policy, "2a00::1")


def test_a_home_whose_ipv6_addresses_are_public_calls_phones_there() -> None:
    policy = RemotePolicy(["192.168.1.5", "2a00::5"], own=frozenset())
    assert allows(policy, "192.168.1.20")
    assert not allows(policy, "fd12::1")


def candidate(host: str, port: int = 50000) -> Candidate:
    return Candidate("1", 1, "udp", 1, host, port, "host")


def test_so_many_addresses_are_checked_and_no_more() -> None:
    remotes = Remotes(PUBLIC)
    admitted = [remotes.admit(candidate(f"8.8.8.{n}")) for n in range(100)]
    assert sum(admitted) == MAX_REMOTES


def test_addresses_that_may_not_be_named_take_no_place() -> None:
    remotes = Remotes(PUBLIC)
    assert not any(remotes.admit(candidate(f"192.168.0.{n}")) for n in range(40))
    assert remotes.admit(candidate("8.8.8.8"))


def test_ports_of_services_are_not_checked() -> None:
    remotes = Remotes(PUBLIC)
    assert not remotes.admit(candidate("8.8.8.8", 53))
    assert remotes.admit(candidate("8.8.8.8", 5353))


def test_an_address_that_is_named_again_is_checked_once() -> None:
    remotes = Remotes(PUBLIC)
    assert remotes.admit(candidate("8.8.8.8"))
    assert not remotes.admit(candidate("8.8.8.8"))
