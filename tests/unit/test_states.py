import pytest

from wire.states import LIVE, CallSignal, CallState, advance

pytestmark = pytest.mark.unit


def test_a_call_connects_recovers_and_ends() -> None:
    state = CallState.CONNECTING
    history = [state]
    for signal in (
        CallSignal.PATH_UP,
        CallSignal.PATH_DOWN,
        CallSignal.PATH_UP,
        CallSignal.HANGUP,
    ):
        state = advance(state, signal)
        history.append(state)
    assert history == ["connecting", "connected", "recovering", "connected", "ended"]


@pytest.mark.parametrize("state", sorted(LIVE))
def test_every_live_call_can_be_hung_up_or_fail(state: CallState) -> None:
    assert advance(state, CallSignal.HANGUP) is CallState.ENDED
    assert advance(state, CallSignal.FAIL) is CallState.FAILED


@pytest.mark.parametrize("state", [CallState.ENDED, CallState.FAILED])
@pytest.mark.parametrize("signal", list(CallSignal))
def test_nothing_brings_an_ended_call_back(state: CallState, signal: CallSignal) -> None:
    assert advance(state, signal) is state


def test_a_call_that_never_connected_cannot_lose_its_path() -> None:
    assert advance(CallState.CONNECTING, CallSignal.PATH_DOWN) is CallState.CONNECTING
