"""The same call in Firefox, whose microphone hears a tone."""

import pytest

from .caller import Caller
from .firefox import Firefox
from .server import Server

pytestmark = pytest.mark.e2e


@pytest.fixture
def caller(firefox: Firefox, server: Server) -> Caller:
    caller = Caller(firefox, server.url + "?voice=echo")
    caller.call()
    return caller


def test_the_echo_comes_back(caller: Caller) -> None:
    caller.wait_for_sound()
    assert caller.snapshot()["energy"] > 0
    assert caller.complaints == []


def test_an_ice_restart_loses_nothing(caller: Caller) -> None:
    caller.wait_for_sound()
    before = caller.snapshot()
    caller.page.evaluate("seen.peers.at(-1).restartIce()")
    caller.wait_until_changed(before, "localUfrag", "remoteUfrag", "pair")
    caller.page.wait_for_timeout(3000)  # the old path is retired meanwhile
    after = caller.snapshot()
    for same in ("dtlsState", "srtp", "remoteSsrc", "localSsrc", "channel", "lost"):
        assert after[same] == before[same], same
    assert caller.page.evaluate("seen.peers.length") == 1
    assert caller.state == "connected"
