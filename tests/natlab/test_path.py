"""A call outlives its network. Browsers and namespaces are real; only the wire is simulated."""

import time
from dataclasses import replace

import pytest

from tests.e2e.caller import Caller

from .conftest import MakeCall
from .lab import Lab, Uplink
from .router import OPEN, Policy
from .wire import Direction

pytestmark = [pytest.mark.natlab, pytest.mark.alone]

both_browsers = pytest.mark.parametrize(
    "browser_name",
    ["chromium", pytest.param("firefox", marks=pytest.mark.long)],
    indirect=True,
)

SAME = ("certificate", "remoteSsrc", "localSsrc", "channel")


def kept(snapshot: dict[str, object]) -> dict[str, object]:
    """Return what stays the same as long as it is the same call."""
    return {name: snapshot.get(name) for name in SAME}


def wait_until_in_use(lab: Lab, caller: Caller, uplink: Uplink, *directions: Direction) -> None:
    deadline = time.monotonic() + 60
    while lab.in_use(*directions) != uplink:
        assert time.monotonic() < deadline, f"nothing came over {uplink}"
        caller.page.wait_for_timeout(100)


def wait_for_sound_over(lab: Lab, caller: Caller, uplink: Uplink) -> None:
    wait_until_in_use(lab, caller, uplink)
    caller.page.wait_for_timeout(1000)  # packets that came over the other one do not count
    caller.wait_for_sound()
    assert lab.in_use() == uplink


def other(uplink: Uplink) -> Uplink:
    return "cell0" if uplink == "wlan0" else "wlan0"


@pytest.mark.parametrize(
    ("browser_name", "how"),
    [("chromium", "lose"), ("chromium", "leave"), ("firefox", "leave")],
    indirect=["browser_name"],
)
def test_a_network_that_dies_is_left_for_the_other(lab: Lab, make_call: MakeCall, how: str) -> None:
    lab.connect("cell0")
    caller = make_call()
    before = caller.snapshot()
    used = lab.in_use()
    getattr(lab, how)(used)
    wait_for_sound_over(lab, caller, other(used))
    assert kept(caller.snapshot()) == kept(before)
    assert caller.page.evaluate("seen.peers.length") == 1


@pytest.mark.long
@pytest.mark.parametrize("browser_name", ["firefox"], indirect=True)
def test_firefox_leaves_a_silent_network_once_the_phone_does(lab: Lab, make_call: MakeCall) -> None:
    """The way down works at once. Firefox is slower: docs/browsers.md#firefox-highest-pair."""
    lab.connect("cell0")
    caller = make_call()
    call_id = caller.page.inner_text("#dev-call")
    used = lab.in_use()
    lab.lose(used)
    wait_until_in_use(lab, caller, other(used), Direction.DOWN)
    caller.wait_for("recovering")
    lab.prefer(other(used))
    wait_until_in_use(lab, caller, other(used), Direction.UP)
    caller.wait_for("connected")
    assert caller.page.inner_text("#dev-call") == call_id
    assert caller.page.evaluate("seen.microphones") == 1


@pytest.mark.parametrize("browser_name", ["firefox"], indirect=True)
def test_a_call_outlives_its_dtls_association(lab: Lab, make_call: MakeCall) -> None:
    """Firefox's association may fail in an outage: docs/browsers.md#firefox-dtls-write."""
    lab.connect("cell0")
    caller = make_call()
    call_id = caller.page.inner_text("#dev-call")
    # The page itself writes nothing during an outage; what it wrote just before is repeated.
    caller.page.evaluate(
        """(() => {
          const { channel } = seen;
          const ping = JSON.stringify({ type: 'pipecat.ping', id: 0, ts: 0 });
          setInterval(() => channel.readyState === 'open' && channel.send(ping), 10);
        })()"""
    )
    used = lab.in_use()
    lab.leave(used)
    caller.page.wait_for_function("() => seen.peers.length === 2")
    wait_for_sound_over(lab, caller, other(used))
    caller.wait_for("connected")
    assert caller.page.inner_text("#dev-call") == call_id
    assert caller.page.evaluate("seen.microphones") == 1


def test_a_network_that_is_announced_takes_over_while_the_old_one_lives(
    lab: Lab, make_call: MakeCall
) -> None:
    caller = make_call(**lab.turn_settings())
    before = caller.snapshot()
    lab.connect("cell0")
    assert caller.page.evaluate("address => seen.knows(address)", lab.addresses["cell0"])
    # A phone's browser sends this event by itself.
    caller.page.evaluate("navigator.connection.dispatchEvent(new Event('change'))")
    for direction in Direction:
        wait_until_in_use(lab, caller, "cell0", direction)
    caller.page.wait_for_timeout(500)
    lab.lose("wlan0")
    caller.page.wait_for_timeout(1000)
    after = caller.snapshot()
    assert kept(after) == kept(before)
    assert after["lost"] == before["lost"]
    assert caller.state == "connected"


@both_browsers
def test_restarts_on_a_healthy_path_lose_nothing(lab: Lab, make_call: MakeCall) -> None:
    lab.quality(delay=0.025)
    caller = make_call()
    lost = caller.snapshot()["lost"]
    for _ in range(5):
        before = caller.snapshot()
        caller.page.click("#restart-ice")
        caller.wait_until_changed(before, "localUfrag", "remoteUfrag", "pair")
    caller.page.wait_for_timeout(500)  # a hole is counted when the next packet fills it
    assert caller.snapshot()["lost"] == lost


@both_browsers
def test_a_network_that_comes_late_is_found(lab: Lab, make_call: MakeCall) -> None:
    caller = make_call()
    before = caller.snapshot()
    lab.leave("wlan0")
    caller.wait_for("recovering")
    lab.connect("cell0")
    wait_for_sound_over(lab, caller, "cell0")
    assert kept(caller.snapshot()) == kept(before)


@pytest.mark.long  # half a minute of silence
@both_browsers
def test_an_elevator_is_survived(lab: Lab, make_call: MakeCall) -> None:
    caller = make_call()
    before = caller.snapshot()
    lab.lose("wlan0")
    caller.wait_for("recovering")
    caller.page.wait_for_timeout(20_000)
    lab.quality(drop=False)
    caller.wait_for_sound()
    caller.wait_for("connected")
    assert kept(caller.snapshot()) == kept(before)


@pytest.mark.long
@pytest.mark.parametrize("browser_name", ["firefox"], indirect=True)
def test_the_bot_writes_nothing_that_the_phone_could_not_acknowledge(
    lab: Lab, make_call: MakeCall
) -> None:
    """Otherwise Firefox's DTLS association would fail, and its peer connection with it."""
    lab.quality(delay=0.05)  # between a check and its nomination
    caller = make_call(VOICEDEMO_HEARTBEAT_S="1")
    caller.page.evaluate(
        """(() => {
          const send = seen.channel.send.bind(seen.channel);
          seen.channel.send = (text) => text.includes('pipecat.ping') || send(text);
        })()"""
    )
    before = caller.snapshot()
    next_ping = "heard => seen.heard.length > heard"
    caller.page.wait_for_function(next_ping, arg=caller.page.evaluate("seen.heard.length"))
    caller.page.wait_for_timeout(300)  # the answer is acknowledged, the next is not due
    heard = caller.page.evaluate("seen.heard.length")
    lab.lose("wlan0")
    caller.wait_for("recovering")
    caller.page.wait_for_timeout(8000)  # by then ICE has given the path up
    lab.quality(drop=False)
    caller.wait_for_sound()
    caller.wait_for("connected")
    caller.page.wait_for_function(next_ping, arg=heard)
    assert kept(caller.snapshot()) == kept(before)


@both_browsers
def test_a_rebound_nat_is_followed(lab: Lab, make_call: MakeCall) -> None:
    lab.reroute(Policy("symmetric"))
    caller = make_call()
    before = caller.snapshot()
    lab.rebind()
    caller.page.wait_for_timeout(3000)
    caller.wait_for_sound()
    assert caller.state == "connected"
    assert kept(caller.snapshot()) == kept(before)


@both_browsers
def test_without_udp_the_bots_tcp_port_serves_until_udp_is_back(
    lab: Lab, make_call: MakeCall
) -> None:
    lab.quality(udp_loss=1.0)
    caller = make_call()
    assert caller.protocol() == "tcp"
    before = caller.snapshot()
    lab.quality(udp_loss=0.0)
    caller.wait_for_protocol("udp")
    caller.wait_for_sound()
    assert kept(caller.snapshot()) == kept(before)


def test_through_a_firewall_that_lets_only_443_out(lab: Lab, make_call: MakeCall) -> None:
    lab.reroute(replace(OPEN, only_443=True, blocks_udp=True))
    caller = make_call(**lab.turn_settings())
    assert caller.protocol() == "tls"


@pytest.mark.parametrize("way", ["relay", "tcp", "tls", "ice-tcp"])
def test_a_way_can_be_forced(lab: Lab, make_call: MakeCall, way: str) -> None:
    caller = make_call(f"&ice={way}", **lab.turn_settings())
    assert caller.protocol() in {"relay": ("udp", "tcp", "tls"), "ice-tcp": ("tcp",)}.get(
        way, (way,)
    )
    kind = caller.page.inner_text("#dev-pair").split()[0]
    assert (kind == "relay") == (way != "ice-tcp")


def test_crippled_udp_is_left_for_good(lab: Lab, make_call: MakeCall) -> None:
    lab.reroute(replace(OPEN, only_443=True))
    caller = make_call(**lab.turn_settings())
    assert caller.protocol() == "udp"
    before = caller.snapshot()
    lab.quality(udp_loss=0.88)
    caller.wait_for_protocol("tls")
    caller.wait_for_sound()
    lab.quality(udp_loss=0.0)
    caller.page.wait_for_timeout(10_000)
    assert caller.protocol() == "tls"
    assert kept(caller.snapshot()) == kept(before)
    caller.page.click("#end")
    caller.call()
    caller.wait_for_sound()
    assert caller.protocol() == "tls"
