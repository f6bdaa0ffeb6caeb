"""Describe a home router, a carrier or a firewall, and write its nftables ruleset."""

from dataclasses import dataclass
from typing import Literal

Nat = Literal["none", "full cone", "port restricted", "symmetric"]
"""As RFC 3489, 5 called them. In the words of RFC 4787: mapping and filtering independent of the
endpoint; mapping independent, filtering by address and port; both by address and port."""


@dataclass(frozen=True)
class Policy:
    """The rules by which a router treats packets.

    :param mapping_s: how long the mapping of a UDP flow outlives its last packet.
    :param only_443: TCP leaves to port 443 alone.
    :param blocks_udp: nothing but TCP leaves.
    :param crippled_after_s: UDP crawls from so many seconds after its first packet, as behind a
        captive portal; 0: it never does.
    :param forwarded: TCP ports that are forwarded to the host inside.
    :param is_firewall: without NAT too, only replies come in.
    """

    nat: Nat = "port restricted"
    mapping_s: int = 300
    only_443: bool = False
    blocks_udp: bool = False
    crippled_after_s: int = 0
    forwarded: tuple[int, ...] = ()
    is_firewall: bool = True


OPEN = Policy("none", is_firewall=False)


def ruleset(policy: Policy, outside: str, inside: str) -> str:
    """Return the rules of a router with the interfaces ``wan`` and ``lan``.

    :param outside: the router's public address.
    :param inside: the address of the one host behind it.
    """
    return f"""
    table inet nat {{
      chain pre {{
        type nat hook prerouting priority dstnat
        {_lines(_arriving(policy, outside, inside))}
      }}
      chain post {{
        type nat hook postrouting priority srcnat
        {_leaving(policy, outside)}
      }}
    }}
    table inet filter {{
      set known {{ type ipv4_addr; flags dynamic; size 256; }}
      set fresh {{ type ipv4_addr; flags dynamic, timeout; size 256; }}
      chain input {{
        # No answer: an ICMP error, or an entry in the table, would cost the host behind its port.
        type filter hook input priority filter
        meta l4proto {{ icmp, ipv6-icmp }} accept
        iifname "wan" ct state new drop
      }}
      chain forward {{
        type filter hook forward priority filter; policy drop
        {_lines(_restrictions(policy))}
        ct state established,related accept
        iifname "lan" accept
        {_lines(_admitted(policy))}
      }}
    }}
    """


def _leaving(policy: Policy, outside: str) -> str:
    match policy.nat:
        case "none":
            return ""
        case "full cone":
            return f'oifname "wan" snat ip to {outside}'
        case "port restricted":
            return 'oifname "wan" masquerade'  # keeps the port, whoever the packet is for
        case "symmetric":
            return 'oifname "wan" masquerade fully-random'  # another port for every destination


def _arriving(policy: Policy, outside: str, inside: str) -> list[str]:
    handed_in = [f'iifname "wan" tcp dport {port} dnat ip to {inside}' for port in policy.forwarded]
    if policy.nat == "full cone":
        all_udp = f'iifname "wan" ip daddr {outside} meta l4proto udp dnat ip to {inside}'
        return [*handed_in, all_udp]
    return handed_in


def _admitted(policy: Policy) -> list[str]:
    if policy.nat == "none" and not policy.is_firewall:
        return ["accept"]
    ports = [f'iifname "wan" tcp dport {port} accept' for port in policy.forwarded]
    if policy.nat == "full cone":
        return [*ports, 'iifname "wan" meta l4proto udp accept']
    return [*ports, "meta l4proto ipv6-icmp accept"]


def _restrictions(policy: Policy) -> list[str]:
    rules = []
    if policy.blocks_udp:
        rules.append('iifname "lan" meta l4proto != tcp drop')
    if policy.only_443:
        rules.append('iifname "lan" tcp dport != 443 drop')
    if policy.crippled_after_s:
        udp, crawl = "meta l4proto udp", "limit rate over 1 kbytes/second burst 500 bytes drop"
        # A browser's first question to a name server must not start the clock.
        new = 'iifname "lan" udp dport != 53 ip saddr != @known'
        rules += [
            f"{new} add @fresh {{ ip saddr timeout {policy.crippled_after_s}s }}",
            f"{new} add @known {{ ip saddr }}",
            f'iifname "lan" {udp} ip saddr != @fresh {crawl}',
            f'iifname "wan" {udp} ip daddr @known ip daddr != @fresh {crawl}',
        ]
    return rules


def _lines(rules: list[str]) -> str:
    return "\n        ".join(rules)
