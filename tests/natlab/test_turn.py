"""A relayed call, whose credentials expire and whose relay is restarted."""

import re

import pytest

from .conftest import MakeCall
from .lab import SECRET, Lab
from .test_path import kept

pytestmark = [pytest.mark.natlab, pytest.mark.alone]


@pytest.mark.long
def test_a_relayed_call_outlives_its_credentials(lab: Lab, make_call: MakeCall) -> None:
    caller = make_call("&ice=relay", VOICEDEMO_TURN_TTL_S="30", **lab.turn_settings())
    before = caller.snapshot()
    credential = caller.page.evaluate("seen.peers[0].getConfiguration().iceServers[0].credential")
    caller.page.wait_for_timeout(35_000)
    now = caller.page.evaluate("seen.peers[0].getConfiguration().iceServers[0].credential")
    assert now != credential
    after = caller.snapshot()
    assert kept(after) == kept(before)
    assert after["lost"] == before["lost"]
    metrics = caller.page.evaluate("fetch('/metrics').then((answer) => answer.text())")
    assert re.search(r'relayed_bytes_total{protocol="udp",provider="coturn"} [1-9]', metrics)
    caller.page.click("#restart-ice")  # another allocation: with the fresh ones
    caller.wait_until_changed(after, "localUfrag", "remoteUfrag", "pair")
    assert caller.state == "connected"


def test_a_relay_that_was_restarted_is_used_again(lab: Lab, make_call: MakeCall) -> None:
    caller = make_call("&ice=relay", **lab.turn_settings())
    before = caller.snapshot()
    lab.coturn.restart()
    caller.wait_for("recovering")
    caller.wait_for_sound()
    caller.wait_for("connected")
    assert kept(caller.snapshot()) == kept(before)


def test_a_relay_that_dies_costs_a_direct_call_nothing(lab: Lab, make_call: MakeCall) -> None:
    caller = make_call(**lab.turn_settings())
    before = caller.snapshot()
    lab.coturn.kill()
    caller.page.wait_for_timeout(3000)
    caller.page.click("#restart-ice")
    caller.wait_until_changed(before, "localUfrag", "remoteUfrag", "pair")
    caller.wait_for_sound()
    after = caller.snapshot()
    assert kept(after) == kept(before)
    assert after["lost"] == before["lost"]
    assert caller.state == "connected"


def test_a_call_outlives_a_secret_that_was_rotated_on_one_side(
    lab: Lab, make_call: MakeCall
) -> None:
    caller = make_call("&ice=relay", **lab.turn_settings())
    before = caller.snapshot()
    lab.coturn.restart("south")
    caller.wait_for("recovering")
    caller.page.wait_for_timeout(5000)  # restarts that the relay refuses
    assert caller.state == "recovering"
    lab.coturn.restart("south", SECRET)
    caller.wait_for("connected", timeout_s=40)
    caller.wait_for_sound()
    assert kept(caller.snapshot()) == kept(before)
