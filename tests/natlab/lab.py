"""One bad network: a phone behind a router, an internet, a TURN server, and the product's host.

::

    phone ─ wlan0 ─ router ─┐                     ┌─ server        203.0.113.10
      └──── cell0 ─ carrier ┴─ internet (bridge) ─┼─ turn          203.0.113.20 and .21
                                                  └─ hotspot ─ server (where that has a NAT too)
"""

import itertools
import os
from pathlib import Path

from tests.certificates import authority

from .namespace import Namespace, run
from .profiles import Profile
from .router import Policy, ruleset
from .turn import Coturn
from .wire import Wire

CORE, CORE6 = "203.0.113.1", "2001:db8:a::1"
SERVER, SERVER6 = "203.0.113.10", "2001:db8:a::10"
TURN, TURN_TOO, TURN6 = "203.0.113.20", "203.0.113.21", "2001:db8:a::20"
ROUTER, ROUTER6 = "203.0.113.50", "2001:db8:a::50"
CARRIER = "203.0.113.60"
HOTSPOT = "203.0.113.70"
DEAD = "203.0.113.99"
"""An address at which nobody answers."""

PHONE, PHONE_OPEN, PHONE_CELL, PHONE6 = "192.168.1.2", "198.18.5.2", "100.64.0.2", "2001:db8:c::2"
SERVER_INSIDE = "192.168.2.2"

TURN_NAME, STUN_NAME, STUN_TOO_NAME = "turn.lab.test", "stun.lab.test", "stun2.lab.test"
PAGE_PORT = 443
SECRET = "north"

_numbers = itertools.count(os.getpid() % 10_000)


def gateway(address: str) -> str:
    """The router's address in the network of ``address``."""
    separator = ":" if ":" in address else "."
    return address.rpartition(separator)[0] + separator + "1"


class Lab:
    """Stands when it is made; :meth:`close` takes it down."""

    def __init__(self, profile: Profile, folder: Path) -> None:
        self.profile = profile
        self._tag = f"n{next(_numbers)}"
        self._folder = folder
        self._namespaces: list[Namespace] = []
        self.wires: list[Wire] = []
        try:
            self._build(profile, folder)
        except BaseException:
            self.close()
            raise

    @property
    def phone_address(self) -> str:
        if self.profile.ipv6:
            return PHONE6
        return PHONE if self.profile.router.nat != "none" else PHONE_OPEN

    @property
    def turn_address(self) -> str:
        return TURN6 if self.profile.ipv6 else TURN

    @property
    def page_host(self) -> str:
        if self.profile.ipv6:
            return SERVER6
        return HOTSPOT if self.profile.hotspot else SERVER

    @property
    def url(self) -> str:
        host = f"[{self.page_host}]" if ":" in self.page_host else self.page_host
        return f"http://{host}:{PAGE_PORT}"

    def settings(self) -> dict[str, str]:
        """The product's, here."""
        stun = DEAD if self.profile.stun == "dead" else STUN_NAME
        stun_too = DEAD if self.profile.stun == "dead" else STUN_TOO_NAME
        turn = [f"turn:{TURN_NAME}:3478?transport={transport}" for transport in ("udp", "tcp")]
        return {
            "PORT": str(PAGE_PORT),
            "ALLOWED_HOSTS": f"{SERVER},{HOTSPOT},[{SERVER6}]",
            "VOICEDEMO_MEDIA_PORT": "40000",
            "VOICEDEMO_STUN_URLS": f"stun:{stun}:3478,stun:{stun_too}:3478",
            "VOICEDEMO_COTURN_URLS": ",".join([*turn, f"turns:{TURN_NAME}:443?transport=tcp"]),
            "VOICEDEMO_COTURN_SECRET": SECRET,
            "SSL_CERT_FILE": str(self.authority),
        }

    # What happens in it.

    def quality(self, **quality: float | bool) -> None:
        """How the phone's access networks treat packets: see :class:`tests.natlab.wire.Quality`."""
        for wire in self.wires:
            wire.set(**quality)

    def hand_over(self) -> None:
        """The Wi-Fi dies, and the phone knows it; the cellular network comes up."""
        self.wires[0].set(drop=True)
        self.phone.ip("addr", "flush", "dev", "wlan0")
        self.phone.ip("link", "set", "wlan0", "down")
        self.phone.ip("link", "set", "cell0", "up")
        self._address(self.phone, "cell0", f"{PHONE_CELL}/24")
        self.phone.ip("route", "add", "default", "dev", "cell0")

    def rebind(self) -> None:
        """The router forgets its mappings."""
        self.router.run("conntrack", "-F")

    def close(self) -> None:
        if hasattr(self, "coturn"):
            self.coturn.close()
        for wire in self.wires:
            wire.close()
        for namespace in self._namespaces:
            namespace.delete()

    # How it is built.

    def _build(self, profile: Profile, folder: Path) -> None:
        self.internet = self._host("i")
        self.internet.ip("link", "add", "br0", "type", "bridge")
        self.internet.ip("link", "set", "br0", "up")
        for address in (f"{CORE}/24", f"{DEAD}/24", f"{CORE6}/64"):
            self._address(self.internet, "br0", address)
        # What has no home here is swallowed: coturn gives an allocation up on an ICMP error.
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
        self.router = self._home()
        if profile.cell:
            self._cellular()
        self._names()
        self.coturn = Coturn(
            self.turn,
            folder,
            addresses=(TURN, TURN_TOO, TURN6),
            certificate=(certificate[0], certificate[1]),
            secret=SECRET if profile.turn == "fine" else "another",
        )

    def _host(self, role: str) -> Namespace:
        self._namespaces.append(host := Namespace(f"{self._tag}{role}"))
        return host

    def _address(self, host: Namespace, device: str, address: str) -> None:
        host.ip("addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def _public(self, role: str, *addresses: str, device: str = "eth0") -> Namespace:
        """A host on the internet, with these addresses."""
        host = self._host(role)
        near = f"{self._tag}{role}"
        run("ip", "link", "add", near, "netns", self.internet.name, "type", "veth",
            "peer", "name", device, "netns", host.name)  # fmt: skip
        self.internet.ip("link", "set", near, "master", "br0", "up")
        host.ip("link", "set", device, "up")
        for address in addresses:
            self._address(host, device, address + ("/64" if ":" in address else "/24"))
            if address in (addresses[0], TURN6, SERVER6, ROUTER6):
                core = CORE6 if ":" in address else CORE
                host.ip("route", "replace", "default", "via", core)
        return host

    def _server(self) -> Namespace:
        if not self.profile.hotspot:
            server = self._public("s", SERVER, SERVER6)
        else:
            hotspot = self._public("h", HOTSPOT, device="wan")
            server = self._host("s")
            run("ip", "link", "add", "lan", "netns", hotspot.name, "type", "veth",
                "peer", "name", "eth0", "netns", server.name)  # fmt: skip
            server.ip("link", "set", "eth0", "up")
            self._address(server, "eth0", f"{SERVER_INSIDE}/24")
            hotspot.ip("link", "set", "lan", "up")
            self._address(hotspot, "lan", f"{gateway(SERVER_INSIDE)}/24")
            server.ip("route", "add", "default", "via", gateway(SERVER_INSIDE))
            self._route(hotspot, self.profile.hotspot, HOTSPOT, SERVER_INSIDE)
        return server

    def _home(self) -> Namespace:
        router = self._public("r", ROUTER, ROUTER6, device="wan")
        self._access(router, "wlan0", self.phone_address)
        self._route(router, self.profile.router, ROUTER, self.phone_address)
        if self.profile.router.nat == "none":
            for host in (self.turn, self.server):
                via = ROUTER6 if self.profile.ipv6 else ROUTER
                host.ip("route", "add", self.phone_address, "via", via)
        return router

    def _cellular(self) -> None:
        carrier = self._public("c", CARRIER, device="wan")
        self._access(carrier, "cell0", PHONE_CELL, up=False)
        self._route(carrier, Policy("symmetric"), CARRIER, PHONE_CELL)

    def _access(self, router: Namespace, device: str, address: str, *, up: bool = True) -> None:
        self.wires.append(Wire(self.phone, device, router, "lan", self._folder))
        bits = "/64" if ":" in address else "/24"
        router.ip("link", "set", "lan", "up")
        self._address(router, "lan", gateway(address) + bits)
        if up:
            self.phone.ip("link", "set", device, "up")
            self._address(self.phone, device, address + bits)
            family = "-6" if ":" in address else "-4"
            self.phone.ip(family, "route", "add", "default", "dev", device)

    def _route(self, router: Namespace, policy: Policy, outside: str, inside: str) -> None:
        router.forward()
        router.nft(ruleset(policy, outside, inside))
        for name in ("udp_timeout", "udp_timeout_stream"):
            router.run("sysctl", "-qw", f"net.netfilter.nf_conntrack_{name}={policy.mapping_s}")

    def _names(self) -> None:
        """As every host finds them, but for a phone whose DNS fails. Chromium asks with a dot."""
        known = {
            TURN_NAME: self.turn_address,
            STUN_NAME: self.turn_address,
            STUN_TOO_NAME: TURN_TOO,
        }
        lines = [f"{address} {name} {name}.\n" for name, address in known.items()]
        local = "127.0.0.1 localhost\n::1 localhost\n"
        for host in (self.phone, self.server, self.turn):
            fails = host is self.phone and self.profile.names == "fail"
            host.etc("hosts", local if fails else local + "".join(lines))
            host.etc("resolv.conf", f"nameserver {DEAD}\noptions timeout:1 attempts:1\n")
