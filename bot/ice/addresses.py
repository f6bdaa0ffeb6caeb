"""This machine's network addresses."""

import ipaddress

import ifaddr

# Bridges and tunnels of container engines. No phone reaches the bot through them, and every
# further address costs the browser another round of checks.
_INTERNAL_PREFIXES = ("docker", "br-", "veth", "cni", "flannel", "virbr", "lxc")


def host_addresses() -> list[str]:
    """This machine's addresses for host candidates (RFC 8445, 5.1.1.1).

    Loopback is used only if there is no other address, as for a demo on a laptop in flight mode.
    """
    addresses = [
        str(address)
        for adapter in ifaddr.get_adapters()
        if not adapter.nice_name.startswith(_INTERNAL_PREFIXES)
        for address in map(_address_of, adapter.ips)
        if not (address.is_loopback or address.is_link_local)
    ]
    return addresses or ["127.0.0.1"]


def machine_addresses() -> frozenset[str]:
    """Every address of this machine, and the broadcast addresses of its networks."""
    ips = [ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    interfaces = [ipaddress.ip_interface(f"{_address_of(ip)}/{ip.network_prefix}") for ip in ips]
    own = {str(interface.ip) for interface in interfaces}
    return frozenset(own | {str(i.network.broadcast_address) for i in interfaces if i.version == 4})


def _address_of(ip: ifaddr.IP) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
