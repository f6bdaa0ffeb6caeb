"""What a home router, a carrier or a firewall does to packets, as an nftables ruleset."""

from dataclasses import dataclass
from typing import Literal

Nat = Literal["none", "full cone", "port restricted", "symmetric"]
"""As RFC 3489, 5 called them. In the words of RFC 4787: mapping and filtering independent of the
endpoint; mapping independent, filtering by address and port; both by address and port."""


@dataclass(frozen=True)
class Policy:
    """:param mapping_s: how long the mapping of a UDP flow outlives its last packet.
    :param only_tcp_443: nothing else leaves.
    :param crippled_after_s: UDP crawls so long after its first packet, as behind a portal.
    :param forwarded: TCP ports that are handed in.
    :param is_firewall: without NAT too, only what was asked for comes in.
    """

    nat: Nat = "port restricted"
    mapping_s: int = 300
    only_tcp_443: bool = False
    crippled_after_s: int = 0
    forwarded: tuple[int, ...] = ()
    is_firewall: bool = True


def ruleset(policy: Policy, outside: str, inside: str) -> str:
    """For a router with the interfaces ``wan`` and ``lan``.

    :param outside: its public address.
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
        # Unanswered: an ICMP error, or an entry in the table, would cost the host behind its port.
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
    if policy.only_tcp_443:
        rules += ['iifname "lan" meta l4proto != tcp drop', 'iifname "lan" tcp dport != 443 drop']
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
