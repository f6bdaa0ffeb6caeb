"""The hosts and networks that the settings name by default."""

import ifaddr


def own_hosts() -> list[str]:
    """Return the hosts that are allowed if ``ALLOWED_HOSTS`` is not set.

    They are localhost and this machine's addresses. A name that somebody else points at this
    machine (DNS rebinding) is refused.
    """
    hosts = {"localhost", "127.0.0.1", "[::1]"}
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            hosts.add(str(ip.ip) if ip.is_IPv4 else f"[{ip.ip[0]}]")
    return sorted(hosts)


PRIVATE_NETWORKS = (
    *("127.0.0.0/8", "::1/128"),  # this machine
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    *("169.254.0.0/16", "fe80::/10"),  # link-local
)
"""Networks whose addresses nobody on the internet has."""
