"""Find out what a network really does, without the product's help."""

import shutil
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, NamedTuple

from .addresses import TURN, TURN6, TURN_NAME, TURN_TOO, WIFI
from .lab import Lab
from .namespace import Namespace
from .stun_client import Address, mapped

STUN_PORTS = (3478, 3479)
ECHO_PORT = 7
INTERVAL_S = 0.02
ARRIVES_S = 1.0

Mapping = Literal["none", "one for all", "one for each", "mixed"]
Filtering = Literal["none", "by address and port"]


class Claim(NamedTuple):
    """An expected value, and the value that was found."""

    what: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        return self.expected == self.found


Proof = Callable[[Lab], list[Claim]]


def all_of(*proofs: Proof) -> Proof:
    return lambda lab: [claim for proof in proofs for claim in proof(lab)]


def nat(mapping: Mapping, filtering: Filtering) -> Proof:
    """Prove the mapping and the filtering of the phone's NAT (RFC 4787, 4.1 and 5)."""
    return lambda lab: _nat("phone's NAT", lab.phone, lab, mapping, filtering)


def server_nat(mapping: Mapping, filtering: Filtering) -> Proof:
    return lambda lab: _nat("server's NAT", lab.server, lab, mapping, filtering)


def mapping_lives(lab: Lab, *, alive_s: float, dead_s: float) -> list[Claim]:
    """Prove that a mapping outlives one silence and not another."""
    lived, died = (_comes_in_after(lab, idle_s) for idle_s in (alive_s, dead_s))
    return [
        Claim(f"mapping after {alive_s:.0f} s idle", "alive", _alive(is_alive=lived)),
        Claim(f"mapping after {dead_s:.0f} s idle", "dead", _alive(is_alive=died)),
    ]


def crippled(lab: Lab, *, after_s: float) -> list[Claim]:
    """Prove that UDP passes at first and hardly any later, and that TCP to 443 always does."""
    with _echo(lab.turn, TURN), lab.phone.udp("0.0.0.0") as client:
        begun = time.monotonic()
        before = _share(client, TURN, packets=100)
        time.sleep(max(0.0, begun + after_s + 1 - time.monotonic()))
        _share(client, TURN, packets=50)  # uses up what a limiter has saved
        after = _share(client, TURN, packets=100)
    return [
        Claim("UDP at first", "passes", "passes" if before > 0.9 else f"{before:.0%}"),
        Claim("UDP later", "crawls", "crawls" if after < 0.35 else f"{after:.0%}"),
        Claim("TCP to 443", "passes", _tcp(lab, 443)),
    ]


def only_tcp_443(lab: Lab) -> list[Claim]:
    return [
        Claim("UDP", "blocked", _udp(lab.phone, TURN)),
        Claim("TCP to 3478", "blocked", _tcp(lab, 3478)),
        Claim("TCP to 443", "passes", _tcp(lab, 443)),
    ]


def ipv6_only(lab: Lab) -> list[Claim]:
    has_v4 = bool(lab.phone.ip("-4", "route", "show", "default"))
    return [
        Claim("IPv4 route", "none", "a route" if has_v4 else "none"),
        Claim("STUN over IPv6", "passes", _udp(lab.phone, TURN6)),
    ]


def names_fail(lab: Lab) -> list[Claim]:
    resolve = ("getent", "ahosts", TURN_NAME)
    done = [host.popen(*resolve, stdout=-3).wait() for host in (lab.phone, lab.server)]
    found = ["known" if status == 0 else "unknown" for status in done]
    return [
        Claim("a name, on the phone", "unknown", found[0]),
        Claim("a name, on the server", "known", found[1]),
    ]


def stun_dead(lab: Lab) -> list[Claim]:
    urls = lab.stun_settings()["VOICEDEMO_STUN_URLS"].split(",")
    return [
        *(Claim(url, "blocked", _udp(lab.phone, url.split(":")[1])) for url in urls),
        Claim("the TURN server", "passes", _udp(lab.phone, TURN)),
    ]


def turn_rejects(lab: Lab) -> list[Claim]:
    """Prove with coturn's own client that the product's secret is refused."""
    program = shutil.which("turnutils_uclient")
    assert program, "install coturn (Debian: apt-get install coturn)"
    found = []
    for secret in (lab.turn_settings()["VOICEDEMO_COTURN_SECRET"], "another"):
        client = (program, "-W", secret, "-n", "1", "-c", "-y", TURN)
        found.append(lab.turn.popen(*client, stdout=-3, stderr=-3).wait())
    accepted = ["accepted" if status == 0 else "refused" for status in found]
    return [
        Claim("credentials by the product's secret", "refused", accepted[0]),
        Claim("by the server's own", "accepted", accepted[1]),
    ]


def loses(lab: Lab, *, share: float) -> list[Claim]:
    """Prove the share that is lost each way: the share that comes back is (1 - loss) squared."""
    lab.quality(loss=share)
    with _echo(lab.turn, TURN), lab.phone.udp("0.0.0.0") as client:
        back = _share(client, TURN, packets=400)
    lab.quality(loss=0.0)
    lost = 1 - back**0.5
    is_close = abs(lost - share) < 0.25 * share + 0.02
    return [Claim("loss each way", f"{share:.0%}", f"{share:.0%}" if is_close else f"{lost:.0%}")]


def delays(lab: Lab, *, rtt_ms: float, jitter_ms: float) -> list[Claim]:
    with _echo(lab.turn, TURN), lab.phone.udp("0.0.0.0") as client:
        times = [1000 * _round_trip(client, TURN) for _ in range(40)]
    median = statistics.median(times)
    spread = max(times) - min(times)
    is_right = rtt_ms - 5 <= median <= rtt_ms + 2 * jitter_ms
    return [
        Claim("round trip", f"{rtt_ms:.0f} ms", f"{rtt_ms if is_right else median:.0f} ms"),
        Claim("it varies", "yes", "yes" if spread > jitter_ms else f"by {spread:.0f} ms"),
    ]


def goes_dark(lab: Lab) -> list[Claim]:
    lab.quality(drop=True)
    dark = _udp(lab.phone, TURN), _tcp(lab, 443)
    lab.quality(drop=False)
    return [
        Claim("in the dark, UDP", "blocked", dark[0]),
        Claim("in the dark, TCP", "blocked", dark[1]),
        Claim("in the light", "passes", _udp(lab.phone, TURN)),
    ]


def rebinds(lab: Lab) -> list[Claim]:
    with lab.phone.udp("0.0.0.0") as client:
        before = mapped(client, (TURN, 3478))
        again = mapped(client, (TURN, 3478))
        lab.rebind()
        after = mapped(client, (TURN, 3478))
    return [
        Claim("mapping, asked twice", "the same", _same(before, again)),
        Claim("mapping after it was forgotten", "another", _same(before, after)),
    ]


def hands_over(lab: Lab) -> list[Claim]:
    """Prove that the second network has another NAT and another address."""
    with lab.phone.udp(WIFI) as client:
        first = mapped(client, (TURN, 3478))[0]
        claims = _nat("Wi-Fi's NAT", lab.phone, lab, "one for all", "by address and port")
        lab.hand_over()
        with lab.phone.udp("0.0.0.0") as later:
            second = mapped(later, (TURN, 3478))[0]
        cellular = _nat("carrier's NAT", lab.phone, lab, "one for each", "by address and port")
    return [
        *claims,
        *cellular,
        Claim("public address", "another", _same(first, second)),
        Claim("TCP over the new one", "passes", _tcp(lab, 443)),
    ]


def one_public_address(lab: Lab) -> list[Claim]:
    with lab.phone.udp("0.0.0.0") as one, lab.phone.udp("0.0.0.0") as other:
        seen = [mapped(client, (TURN, 3478)) for client in (one, other)]
    return [
        Claim("two flows' address", "the same", _same(seen[0][0], seen[1][0])),
        Claim("two flows' port", "another", _same(seen[0][1], seen[1][1])),
    ]


# How it is found out.


def _nat(
    what: str, host: Namespace, lab: Lab, mapping: Mapping, filtering: Filtering
) -> list[Claim]:
    with host.udp("0.0.0.0") as client:
        servers = [(address, port) for address in (TURN, TURN_TOO) for port in STUN_PORTS]
        seen = [mapped(client, server) for server in servers]
    with host.udp("0.0.0.0") as client:
        door = mapped(client, (TURN, 3478))
        knocks = [_knock(lab, address, client, door) for address in (TURN, TURN_TOO)]
    by_count: dict[int, Mapping] = {1: "one for all", len(seen): "one for each"}
    found = by_count.get(len(set(seen)), "mixed")
    if seen[0][0] == host_address(host):
        found = "none"
    # The knocks come from another port, and from another address.
    opened: Filtering = "none" if all(knocks) else "by address and port"
    return [
        Claim(f"{what}: mapping", mapping, found),
        Claim(f"{what}: filtering", filtering, opened if any(knocks) == all(knocks) else "mixed"),
    ]


def host_address(host: Namespace) -> str:
    """Return its address on the way to the internet."""
    words = host.ip("route", "get", TURN).split()
    return words[words.index("src") + 1]


def _knock(lab: Lab, address: str, client: socket.socket, door: Address) -> bool:
    """Tell whether a packet comes in that is no reply."""
    with lab.turn.udp(address) as stranger:
        stranger.sendto(b"knock", door)
        client.settimeout(ARRIVES_S)
        try:
            return client.recv(100) == b"knock"
        except TimeoutError:
            return False


def _comes_in_after(lab: Lab, idle_s: float) -> bool:
    with lab.turn.udp(TURN, 0) as there, lab.phone.udp("0.0.0.0") as here:
        here.sendto(b"hello", there.getsockname())
        there.settimeout(ARRIVES_S)
        _, door = there.recvfrom(100)
        time.sleep(idle_s)
        there.sendto(b"still there?", door)
        here.settimeout(ARRIVES_S)
        try:
            return bool(here.recv(100))
        except TimeoutError:
            return False


@contextmanager
def _echo(host: Namespace, address: str) -> Iterator[None]:
    """Send every packet back."""
    with host.udp(address, ECHO_PORT) as echo:
        echo.settimeout(0.1)
        over = threading.Event()
        thread = threading.Thread(target=_send_back, args=(echo, over))
        thread.start()
        yield
        over.set()
        thread.join()


def _send_back(echo: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        try:
            echo.sendto(*echo.recvfrom(2048))
        except TimeoutError:
            continue


def _share(client: socket.socket, address: str, *, packets: int) -> float:
    """Return the share of packets that comes back, sent as often as a voice sends them."""
    back: set[bytes] = set()
    until = time.monotonic()
    for number in range(packets):
        client.sendto(number.to_bytes(4) + bytes(120), (address, ECHO_PORT))
        until += INTERVAL_S
        back |= _received(client, until)
    return len(back | _received(client, time.monotonic() + ARRIVES_S)) / packets


def _received(client: socket.socket, until: float) -> set[bytes]:
    numbers = set()
    while True:
        client.settimeout(max(0.001, until - time.monotonic()))
        try:
            numbers.add(client.recv(2048)[:4])
        except TimeoutError:
            return numbers


def _round_trip(client: socket.socket, address: str) -> float:
    begun = time.monotonic()
    client.settimeout(2)
    client.sendto(b"there and back", (address, ECHO_PORT))
    client.recv(100)
    return time.monotonic() - begun


def _udp(host: Namespace, address: str) -> str:
    with host.udp("::" if ":" in address else "0.0.0.0") as client:
        try:
            mapped(client, (address, 3478))
        except (TimeoutError, OSError):
            return "blocked"
    return "passes"


def _tcp(lab: Lab, port: int) -> str:
    try:
        lab.phone.connect(TURN, port).close()
    except OSError:
        return "blocked"
    return "passes"


def _alive(*, is_alive: bool) -> str:
    return "alive" if is_alive else "dead"


def _same(one: object, other: object) -> str:
    return "the same" if one == other else "another"


carrier_forgets = partial(mapping_lives, alive_s=25, dead_s=35)
