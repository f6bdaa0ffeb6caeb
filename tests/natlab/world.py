"""A phone with two networks, an internet, and the product on a public address."""

import itertools
import os
from pathlib import Path
from typing import Literal

from .namespace import Namespace
from .turn import TURN
from .wire import Direction, Kind, Wire

SERVER = "203.0.113.10"
_numbers = itertools.count(os.getpid() % 1000 * 10)

Uplink = Literal["wlan0", "cell0"]
ADDRESSES: dict[Uplink, str] = {"wlan0": "198.51.100.2", "cell0": "198.18.5.2"}
_METRICS: dict[Uplink, int] = {"wlan0": 10, "cell0": 20}


class World:
    """``phone`` — wlan0, cell0 — ``internet`` — ``server``.

    Each uplink is a :class:`Wire` of its own; the phone prefers its Wi-Fi while that is there, and
    what is bound to an address leaves by that address's network.
    """

    def __init__(self, folder: Path) -> None:
        tag = f"v{next(_numbers)}"
        self.phone = Namespace(f"{tag}p")
        self.internet = Namespace(f"{tag}i")
        self.server = Namespace(f"{tag}s")
        self.internet.forward()
        self._connect_server(tag)
        self.wires = {
            name: Wire(self.phone, name, self.internet, f"{tag}{name}", folder)
            for name in ADDRESSES
        }
        for name, address in ADDRESSES.items():
            self.internet.ip("link", "set", f"{tag}{name}", "up")
            self.internet.ip("route", "add", address, "dev", f"{tag}{name}")

    def connect(self, name: Uplink) -> None:
        """The phone joins a network."""
        table = str(100 + _METRICS[name])
        self.phone.ip("link", "set", name, "up")
        self.phone.ip("addr", "add", f"{ADDRESSES[name]}/24", "dev", name)
        self.phone.ip("route", "add", "default", "dev", name, "metric", str(_METRICS[name]))
        self.phone.ip("route", "add", "default", "dev", name, "table", table)
        self.phone.ip("rule", "add", "from", ADDRESSES[name], "lookup", table)

    def leave(self, name: Uplink) -> None:
        """The network goes, and the phone knows it: its address goes too."""
        self.wires[name].set(drop=True)
        self.phone.ip("addr", "flush", "dev", name)
        self.phone.ip("link", "set", name, "down")

    def lose(self, name: Uplink) -> None:
        """The network goes, and nobody says so."""
        self.wires[name].set(drop=True)

    def translate(self) -> None:
        """Put a symmetric NAT between the phone and the internet."""
        self.internet.nft(
            f"""table ip nat {{
              chain out {{
                type nat hook postrouting priority srcnat
                oifname "{self._uplink}" meta l4proto {{ tcp, udp }} masquerade fully-random
              }}
            }}"""
        )

    def rebind(self) -> None:
        """The NAT forgets its mappings: what comes next leaves from other ports."""
        self.internet.run("conntrack", "-F")

    def only_tcp(self, *ports: int, udp: bool = False) -> None:
        """A firewall: nothing but TCP to these ports, and UDP or not."""
        allowed = ", ".join(map(str, ports))
        verdict = "accept" if udp else "drop"
        self.internet.nft(
            f"""table ip filter {{
              chain out {{
                type filter hook forward priority filter
                iifname "{self._uplink}" accept
                meta l4proto udp {verdict}
                tcp dport != {{ {allowed} }} drop
              }}
            }}"""
        )

    def prefer(self, name: Uplink) -> None:
        """The phone has found that this is the network that works."""
        self.phone.ip("route", "replace", "default", "dev", name, "metric", "5")

    def in_use(self, *directions: Direction) -> Uplink:
        """The network over which the last audio came, either way or in these directions."""
        return max(self.wires, key=lambda name: self.wires[name].last(Kind.RTP, *directions))

    def set(self, **quality: float | bool) -> None:
        for wire in self.wires.values():
            wire.set(**quality)

    def close(self) -> None:
        for wire in self.wires.values():
            wire.close()
        for namespace in (self.phone, self.internet, self.server):
            namespace.delete()

    def _connect_server(self, tag: str) -> None:
        near, far = f"{tag}eth0", "eth0"
        self._uplink = near
        self.internet.ip(
            "link", "add", near, "type", "veth", "peer", "name", far, "netns", self.server.name
        )
        self.internet.ip("addr", "add", "203.0.113.1/24", "dev", near)
        self.internet.ip("link", "set", near, "up")
        self.server.ip("addr", "add", f"{SERVER}/24", "dev", far)
        self.server.ip("addr", "add", f"{TURN}/24", "dev", far)
        self.server.ip("link", "set", far, "up")
        self.server.ip("route", "add", "default", "via", "203.0.113.1")
