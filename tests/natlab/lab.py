"""One network out of namespaces: a phone, its routers, an internet, a TURN server and a server.

::

    phone ─ wlan0 ─ router ──┐                     ┌─ server        203.0.113.10
      └──── cell0 ─ carrier ─┴─ internet (bridge) ─┼─ turn          203.0.113.20 and .21
                                                   └─ hotspot ─ server (where that has a NAT too)
"""

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.certificates import authority

from .addresses import (
    CARRIER,
    CELL,
    CELL_PUBLIC,
    CORE,
    CORE6,
    DEAD,
    HOTSPOT,
    MEDIA_PORT,
    PAGE_PORT,
    ROUTER,
    ROUTER6,
    SERVER,
    SERVER6,
    SERVER_INSIDE,
    STUN_NAME,
    STUN_TOO_NAME,
    TURN,
    TURN6,
    TURN_NAME,
    TURN_TOO,
    WIFI,
    WIFI6,
    WIFI_PUBLIC,
    gateway,
    with_prefix,
)
from .namespace import Namespace, run
from .router import OPEN, Policy, ruleset
from .turn import Coturn
from .wire import Direction, Kind, Wire

SECRET = "north"

Uplink = Literal["wlan0", "cell0"]
_METRICS: dict[Uplink, int] = {"wlan0": 10, "cell0": 20}

_numbers = itertools.count()


@dataclass(frozen=True)
class Network:
    """The parts of a lab.

    :param router: the router between the Wi-Fi and the internet.
    :param cell: the carrier's router behind the phone's second uplink; None: there is only Wi-Fi.
    :param hotspot: the router in front of the server; None: the server has a public address.
    :param ipv6: the phone has no IPv4.
    :param names: whether the phone's resolver finds the STUN and TURN servers.
    :param turn: whether the TURN server accepts the product's credentials.
    :param quality: of the phone's uplinks (:class:`tests.natlab.wire.Quality`).
    """

    router: Policy = field(default_factory=Policy)
    cell: Policy | None = None
    hotspot: Policy | None = None
    ipv6: bool = False
    names: Literal["fine", "fail"] = "fine"
    stun: Literal["fine", "dead"] = "fine"
    turn: Literal["fine", "rejects"] = "fine"
    quality: dict[str, float] = field(default_factory=dict)


TWO_UPLINKS = Network(router=OPEN, cell=OPEN)
"""A phone with public addresses on both its uplinks."""


class Lab:
    """A network that stands from its creation until :meth:`close`, the phone on its Wi-Fi.

    The phone prefers its Wi-Fi while that is there. Packets from an uplink's address leave by that
    uplink.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.wires: dict[Uplink, Wire] = {}
        # Unique on the machine, and short: a device's name has at most 15 characters.
        self._tag = f"n{os.getpid():x}-{next(_numbers):x}"
        self._folder = folder
        self._namespaces: list[Namespace] = []
        try:
            self._build(folder)
        except BaseException:
            self.close()
            raise

    @property
    def addresses(self) -> dict[Uplink, str]:
        """The phone's address on each uplink."""
        network = self.network
        wifi = WIFI6 if network.ipv6 else WIFI_PUBLIC if network.router.nat == "none" else WIFI
        return {
            "wlan0": wifi,
            "cell0": CELL_PUBLIC if network.cell and network.cell.nat == "none" else CELL,
        }

    @property
    def page_host(self) -> str:
        if self.network.ipv6:
            return SERVER6
        return HOTSPOT if self.network.hotspot else SERVER

    @property
    def url(self) -> str:
        host = f"[{self.page_host}]" if ":" in self.page_host else self.page_host
        return f"http://{host}:{PAGE_PORT}"

    def settings(self) -> dict[str, str]:
        """Return the product's settings for this network, without its STUN and TURN servers."""
        return {
            "PORT": str(PAGE_PORT),
            "ALLOWED_HOSTS": f"{SERVER},{HOTSPOT},[{SERVER6}]",
            "VOICEDEMO_MEDIA_PORT": str(MEDIA_PORT),
            "VOICEDEMO_METRICS_FROM": "0.0.0.0/0,::/0",
            "VOICEDEMO_STUN_URLS": "",
            "SSL_CERT_FILE": str(self.authority),
        }

    def stun_settings(self) -> dict[str, str]:
        hosts = (DEAD, DEAD) if self.network.stun == "dead" else (STUN_NAME, STUN_TOO_NAME)
        return {"VOICEDEMO_STUN_URLS": ",".join(f"stun:{host}:3478" for host in hosts)}

    def turn_settings(self) -> dict[str, str]:
        # A name, because Firefox takes no address here (docs/browsers.md#firefox-turns-address).
        plain = [f"turn:{TURN_NAME}:3478?transport={transport}" for transport in ("udp", "tcp")]
        return {
            "VOICEDEMO_COTURN_URLS": ",".join([*plain, f"turns:{TURN_NAME}:443?transport=tcp"]),
            "VOICEDEMO_COTURN_SECRET": SECRET,
        }

    # What happens in it.

    def quality(self, **quality: float | bool) -> None:
        """Change how both uplinks treat packets: see :class:`tests.natlab.wire.Quality`."""
        for wire in self.wires.values():
            wire.set(**quality)

    def connect(self, uplink: Uplink) -> None:
        """The phone joins a network."""
        family, table = self._family(uplink), self._table(uplink)
        metric = str(_METRICS[uplink])
        self.phone.ip("link", "set", uplink, "up")
        self._address(self.phone, uplink, with_prefix(self.addresses[uplink]))
        self.phone.ip(family, "route", "add", "default", "dev", uplink, "metric", metric)
        self.phone.ip(family, "route", "add", "default", "dev", uplink, "table", table)

    def leave(self, uplink: Uplink) -> None:
        """The network goes, and the phone notices: its address goes too."""
        self.lose(uplink)
        self.phone.ip("addr", "flush", "dev", uplink)
        self.phone.ip("link", "set", uplink, "down")

    def lose(self, uplink: Uplink) -> None:
        """The network goes, and the phone does not notice."""
        self.wires[uplink].set(drop=True)

    def hand_over(self) -> None:
        """The Wi-Fi goes, the phone notices, and the cellular network comes up."""
        self.leave("wlan0")
        self.connect("cell0")

    def prefer(self, uplink: Uplink) -> None:
        """The phone has found out that this is the network that works."""
        self.phone.ip("route", "replace", "default", "dev", uplink, "metric", "5")

    def reroute(self, policy: Policy) -> None:
        """Change what the Wi-Fi's router does from now on."""
        self.router.nft("flush ruleset\n" + ruleset(policy, ROUTER, self.addresses["wlan0"]))

    def rebind(self) -> None:
        """The Wi-Fi's router forgets its mappings: what comes next leaves from other ports."""
        self.router.run("conntrack", "-F")

    def in_use(self, *directions: Direction) -> Uplink:
        """Return the uplink that carried the last audio, either way or in these directions."""
        return max(self.wires, key=lambda uplink: self.wires[uplink].last(Kind.RTP, *directions))

    def close(self) -> None:
        if hasattr(self, "coturn"):
            self.coturn.close()
        for wire in self.wires.values():
            wire.close()
        for namespace in self._namespaces:
            namespace.delete()

    # How it is built.

    def _build(self, folder: Path) -> None:
        self.internet = self._host("i")
        self.internet.ip("link", "add", "br0", "type", "bridge")
        self.internet.ip("link", "set", "br0", "up")
        for address in (CORE, DEAD, CORE6):
            self._address(self.internet, "br0", with_prefix(address))
        # Packets to addresses that nobody has are dropped in silence: coturn gives an allocation
        # up on an ICMP error.
        self.internet.nft(
            """table inet filter {
              chain input {
                type filter hook input priority filter; policy drop
              }
            }"""
        )
        self.authority, *certificate = authority(folder, TURN_NAME, TURN, TURN6)
        self.turn = self._public("t", TURN, TURN_TOO, TURN6)
        self.server = self._server()
        self.phone = self._host("p")
        self.router = self._public("r", ROUTER, ROUTER6, device="wan")
        self._uplink("wlan0", self.router, self.network.router, ROUTER)
        if self.network.cell:
            carrier = self._public("c", CARRIER, device="wan")
            self._uplink("cell0", carrier, self.network.cell, CARRIER)
        self.quality(**self.network.quality)
        self.connect("wlan0")
        self._names()
        self.coturn = Coturn(
            self.turn,
            folder,
            addresses=(TURN, TURN_TOO, TURN6),
            certificate=(certificate[0], certificate[1]),
            secret=SECRET if self.network.turn == "fine" else "another",
        )

    def _host(self, role: str) -> Namespace:
        self._namespaces.append(host := Namespace(f"{self._tag}{role}"))
        return host

    def _address(self, host: Namespace, device: str, address: str) -> None:
        host.ip("addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def _public(self, role: str, *addresses: str, device: str = "eth0") -> Namespace:
        """Add a host to the internet, with these addresses."""
        host = self._host(role)
        near = f"{self._tag}{role}"
        run("ip", "link", "add", near, "netns", self.internet.name, "type", "veth",
            "peer", "name", device, "netns", host.name)  # fmt: skip
        self.internet.ip("link", "set", near, "master", "br0", "up")
        host.ip("link", "set", device, "up")
        for address in addresses:
            self._address(host, device, with_prefix(address))
            if address in (addresses[0], TURN6, SERVER6, ROUTER6):
                core = CORE6 if ":" in address else CORE
                host.ip("route", "replace", "default", "via", core)
        return host

    def _server(self) -> Namespace:
        if not self.network.hotspot:
            return self._public("s", SERVER, SERVER6)
        hotspot = self._public("h", HOTSPOT, device="wan")
        server = self._host("s")
        run("ip", "link", "add", "lan", "netns", hotspot.name, "type", "veth",
            "peer", "name", "eth0", "netns", server.name)  # fmt: skip
        server.ip("link", "set", "eth0", "up")
        self._address(server, "eth0", with_prefix(SERVER_INSIDE))
        hotspot.ip("link", "set", "lan", "up")
        self._address(hotspot, "lan", with_prefix(gateway(SERVER_INSIDE)))
        server.ip("route", "add", "default", "via", gateway(SERVER_INSIDE))
        self._route(hotspot, self.network.hotspot, HOTSPOT, SERVER_INSIDE)
        return server

    def _uplink(self, uplink: Uplink, router: Namespace, policy: Policy, outside: str) -> None:
        """Wire the phone to a router, which stands for an access network."""
        inside = self.addresses[uplink]
        self.wires[uplink] = Wire(self.phone, uplink, router, "lan", self._folder)
        router.ip("link", "set", "lan", "up")
        self._address(router, "lan", with_prefix(gateway(inside)))
        self._route(router, policy, outside, inside)
        rule = ("from", inside, "lookup", self._table(uplink))
        self.phone.ip(self._family(uplink), "rule", "add", *rule)
        if policy.nat == "none":
            via = ROUTER6 if ":" in inside else outside
            for host in (self.turn, self.server):
                host.ip("route", "add", inside, "via", via)

    def _route(self, router: Namespace, policy: Policy, outside: str, inside: str) -> None:
        router.forward()
        router.nft(ruleset(policy, outside, inside))
        for name in ("udp_timeout", "udp_timeout_stream"):
            router.run("sysctl", "-qw", f"net.netfilter.nf_conntrack_{name}={policy.mapping_s}")

    def _names(self) -> None:
        """Write each host's /etc/hosts, and a phone's whose DNS fails without the lab's names.

        Chromium adds a dot to a name (docs/browsers.md#chromium-trailing-dot).
        """
        turn = TURN6 if self.network.ipv6 else TURN
        known = {TURN_NAME: turn, STUN_NAME: turn, STUN_TOO_NAME: TURN_TOO}
        lines = [f"{address} {name} {name}.\n" for name, address in known.items()]
        local = "127.0.0.1 localhost\n::1 localhost\n"
        for host in (self.phone, self.server, self.turn):
            fails = host is self.phone and self.network.names == "fail"
            host.etc("hosts", local if fails else local + "".join(lines))
            host.etc("resolv.conf", f"nameserver {DEAD}\noptions timeout:1 attempts:1\n")

    def _family(self, uplink: Uplink) -> str:
        return "-6" if ":" in self.addresses[uplink] else "-4"

    def _table(self, uplink: Uplink) -> str:
        """The phone's routing table for packets from this uplink's address."""
        return str(100 + _METRICS[uplink])
