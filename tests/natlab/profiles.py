"""The networks: what each is, how that is proven, what happens during a call, what is expected."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from . import probe, stories
from .lab import Lab, Network
from .router import OPEN, Policy

if TYPE_CHECKING:
    from .probe import Proof
    from .stories import Call

Way = Literal["direct udp", "direct tcp", "relay udp", "relay tcp", "relay tls", "none"]
"""How the page reaches the bot, or its relay."""

PORTAL_S = 12
"""A real portal allows 90 s."""


def _nothing(lab: Lab) -> None:
    """Leave the network as it is."""


open_nat = probe.nat("none", "none")
cone = probe.nat("one for all", "by address and port")
symmetric = probe.nat("one for each", "by address and port")


@dataclass(frozen=True)
class Profile:
    """A network with all that is expected in it.

    :param proof: what the lab's own probe finds.
    :param story: what happens during a call.
    :param way: how the call goes in the end.
    :param lasts_s: about how long a call in it takes. The longest are started first.
    :param hides_addresses: the page signals mDNS names in place of its host candidates' addresses.
    :param verdict: the verdict of the page's self-test (``wire/selftest_sentences.py``).
    :param nat: what the self-test finds out about the network; '' if that depends on which packets
        get through.
    :param before_check: what happens to the network once the self-test's page is open.
    """

    number: int
    name: str
    about: str
    proof: "Proof"
    story: "Callable[[Call], None]" = stories.talk
    way: Way = "direct udp"
    lasts_s: float = 25
    network: Network = field(default_factory=Network)
    hides_addresses: bool = False
    verdict: str = "fine_direct"
    nat: str = "cone"
    before_check: Callable[[Lab], object] = _nothing


PROFILES = (
    Profile(
        1,
        "open",
        "no NAT, no firewall",
        open_nat,
        network=Network(router=OPEN),
        nat="open",
    ),
    Profile(
        2,
        "full-cone",
        "NAT: mapping and filtering independent of the endpoint",
        probe.nat("one for all", "none"),
        network=Network(router=Policy("full cone")),
    ),
    Profile(3, "port-restricted", "NAT: one mapping, filtering by address and port", cone),
    Profile(
        4,
        "symmetric",
        "NAT: a mapping for each destination",
        symmetric,
        network=Network(router=Policy("symmetric")),
        nat="symmetric",
    ),
    Profile(
        5,
        "carrier",
        "symmetric, and a mapping dies after 30 s of silence",
        probe.all_of(symmetric, probe.carrier_forgets),
        stories.stay,
        lasts_s=150,
        network=Network(router=Policy("symmetric", mapping_s=30)),
        nat="symmetric",
    ),
    Profile(
        6,
        "corporate",
        "nothing but TCP to port 443 gets out",
        probe.only_tcp_443,
        way="relay tls",
        network=Network(router=Policy(only_443=True, blocks_udp=True)),
        verdict="fine_detour",
        nat="unknown",
    ),
    Profile(
        7,
        "captive-portal",
        f"UDP crawls {PORTAL_S} s after its first packet; TCP is fine",
        partial(probe.crippled, after_s=PORTAL_S),
        stories.leave_udp,
        way="relay tls",
        lasts_s=70,
        network=Network(router=Policy(crippled_after_s=PORTAL_S)),
        verdict="fine_detour",
        nat="",
        before_check=partial(probe.crippled, after_s=PORTAL_S),
    ),
    Profile(
        8,
        "hand-over",
        "Wi-Fi to cellular: another NAT, another address, the old network dead",
        probe.hands_over,
        stories.hand_over,
        network=Network(cell=Policy("symmetric")),
    ),
    Profile(
        9,
        "server-behind-nat",
        "the server is on a hotspot: both sides are port restricted",
        probe.all_of(cone, probe.server_nat("one for all", "by address and port")),
        network=Network(hotspot=Policy(forwarded=(443,))),
    ),
    Profile(
        10,
        "symmetric-both",
        "symmetric on both sides",
        probe.all_of(symmetric, probe.server_nat("one for each", "by address and port")),
        way="relay udp",
        network=Network(router=Policy("symmetric"), hotspot=Policy("symmetric", forwarded=(443,))),
        verdict="fine_relay",
        nat="symmetric",
    ),
    Profile(
        11,
        "lossy",
        "5, 10 and 20 % of all packets are lost, each way",
        probe.all_of(*(partial(probe.loses, share=share) for share in stories.LOSSES)),
        stories.lose,
        lasts_s=70,
        verdict="poor",
        nat="",
        before_check=lambda lab: lab.quality(loss=max(stories.LOSSES)),
    ),
    Profile(
        12,
        "far-away",
        "a round trip of 150 ms, and 30 ms of jitter",
        partial(probe.delays, rtt_ms=150, jitter_ms=30),
        network=Network(quality={"delay": 0.06, "jitter": 0.03}),
    ),
    Profile(
        13,
        "ipv6-only",
        "the phone has no IPv4; a stateful firewall",
        probe.ipv6_only,
        network=Network(router=Policy("none"), ipv6=True),
        nat="open",
    ),
    Profile(
        14,
        "no-dns",
        "names are not resolved, slowly",
        probe.names_fail,
        network=Network(names="fail"),
        nat="unknown",
    ),
    Profile(
        15,
        "stun-dead",
        "no STUN server answers",
        probe.stun_dead,
        network=Network(stun="dead"),
        nat="unknown",
    ),
    Profile(
        16,
        "turn-rejects",
        "the TURN server refuses the credentials",
        probe.turn_rejects,
        network=Network(turn="rejects"),
    ),
    Profile(
        17,
        "elevator",
        "nothing passes for 5, 20 and 45 s; then the same network again",
        probe.goes_dark,
        stories.ride_elevators,
        lasts_s=130,
        verdict="server_unreachable",
        nat="",
        before_check=lambda lab: lab.quality(drop=True),
    ),
    Profile(
        18,
        "rebinding",
        "the NAT forgets its mappings during the call",
        probe.rebinds,
        stories.rebind,
        network=Network(router=Policy("symmetric")),
        nat="symmetric",
    ),
    Profile(
        19,
        "mdns",
        "the page names no address of the phone, and its NAT is port restricted",
        cone,
        stories.hide_addresses,
        hides_addresses=True,
    ),
    Profile(
        20,
        "two-calls",
        "two calls from behind the same NAT",
        probe.one_public_address,
        stories.two_calls,
    ),
    Profile(
        21,
        "nothing",
        "only TCP 443 gets out, and the TURN server refuses the credentials",
        probe.all_of(probe.only_tcp_443, probe.turn_rejects),
        stories.be_told,
        lasts_s=35,
        way="none",
        network=Network(router=Policy(only_443=True, blocks_udp=True), turn="rejects"),
        verdict="network_blocked",
        nat="unknown",
    ),
    Profile(
        22,
        "symmetric-both-no-dns",
        "symmetric on both sides, and the phone finds no STUN or TURN server by its name",
        probe.all_of(symmetric, probe.names_fail),
        way="relay udp",
        network=Network(
            router=Policy("symmetric"),
            hotspot=Policy("symmetric", forwarded=(443,)),
            names="fail",
        ),
        verdict="fine_relay",
        nat="unknown",
    ),
)

BY_NAME = {profile.name: profile for profile in PROFILES}
