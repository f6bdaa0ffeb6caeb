import asyncio

import pytest

from bot.ice import switch as switch_module
from bot.ice.path import Path
from bot.ice.switch import PathState, Switch

pytestmark = pytest.mark.unit


class FakePath:
    def __init__(self) -> None:
        self.last_heard = asyncio.get_running_loop().time()
        self.sent: list[bytes] = []
        self.closed = asyncio.Event()

    def transmit(self, data: bytes) -> None:
        self.sent.append(data)

    def describe(self) -> dict[str, str]:
        return {}

    def doubt(self) -> None:
        pass

    async def close(self) -> None:
        self.closed.set()


class Observer:
    def __init__(self) -> None:
        self.states: list[PathState] = []

    def path_state(self, state: PathState) -> None:
        self.states.append(state)

    def path_changed(self, path: Path) -> None:
        pass

    def pair_nominated(self, pair: dict[str, str]) -> None:
        pass


def paths(switch: Switch, count: int) -> list[FakePath]:
    made = [FakePath() for _ in range(count)]
    for path in made:
        switch.add(path)
    return made


async def test_without_a_path_packets_are_dropped_and_nothing_fails() -> None:
    switch = Switch(Observer())
    await switch._send(b"dtls")
    assert switch.state is PathState.NEW


async def test_it_sends_on_the_promoted_path_and_hears_every_path() -> None:
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.promote(new)
    switch.send(b"\x80out")
    switch.deliver(old, b"\x16late")
    switch.deliver(new, b"\x16in")
    assert (old.sent, new.sent) == ([], [b"\x80out"])
    assert [await switch._recv(), await switch._recv()] == [b"\x16late", b"\x16in"]


async def test_from_its_nomination_until_the_peer_is_there_packets_go_over_both_paths() -> None:
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.send(b"\x80under way")
    switch.nominate(new)
    switch.nominate(new)
    switch.deliver(old, b"\x80")
    switch.send(b"\x80both")
    switch.promote(new)
    switch.send(b"\x80both still")
    assert old.sent == [b"\x80under way", b"\x80both", b"\x80both still"]
    assert new.sent == old.sent
    switch.deliver(old, b"\x80")
    switch.deliver(new, b"\x80")
    assert new.sent[3:] == old.sent  # the peer drops what arrives on the old one from now on
    switch.deliver(new, b"\x80")
    switch.send(b"\x80one")
    switch.nominate(old)
    switch.send(b"\x80still one")
    assert old.sent[-1] == b"\x80both still"
    assert new.sent[6:] == [b"\x80one", b"\x80still one"]


async def test_while_a_nomination_stays_unconfirmed_packets_go_over_both_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switch_module, "NOMINATION_S", 0.05)
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.nominate(new)
    switch.send(b"\x80both")
    await asyncio.sleep(0.1)
    switch.nominate(new)
    switch.send(b"\x80one")
    assert old.sent == [b"\x80both", b"\x80one"]
    assert new.sent == [b"\x80both"]
    switch.promote(new)
    switch.send(b"\x80both again")  # the peer may take a while to move
    assert (old.sent[-1], new.sent[-1]) == (b"\x80both again", b"\x80both again")


async def test_where_the_peer_does_not_come_over_the_old_path_falls_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Chromium would stay there: docs/browsers.md#chromium-stays-where-heard."""
    monkeypatch.setattr(switch_module, "OVERLAP_S", 0.01)
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.nominate(new)
    switch.promote(new)
    switch.send(b"\x80both")
    await asyncio.sleep(0.05)
    switch.deliver(old, b"\x80")
    switch.send(b"\x80one")
    assert (old.sent, new.sent) == ([b"\x80both"], [b"\x80both", b"\x80one"])


async def test_a_path_that_fell_silent_is_sent_on_no_more_once_there_is_another() -> None:
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.last_heard -= 1.0
    switch.nominate(new)
    switch.promote(new)
    switch.send(b"\x80one")
    assert (old.sent, new.sent) == ([], [b"\x80one"])


async def test_losing_every_path_is_not_an_error() -> None:
    observer = Observer()
    switch = Switch(observer)
    first, second = paths(switch, 2)
    switch.promote(first)
    switch.drop(first)
    switch.send(b"\x80lost")
    switch.promote(second)
    switch.send(b"\x80arrives")
    assert second.sent == [b"\x80arrives"]
    assert observer.states == ["connected", "disconnected", "connected"]


async def test_the_replaced_path_stays_until_nothing_arrives_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switch_module, "RETIRE_S", 0.05)
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.deliver(old, b"\x80")
    switch.promote(new)
    assert not old.closed.is_set()
    await asyncio.wait_for(old.closed.wait(), 5)
    assert not new.closed.is_set()


async def test_a_superseded_path_does_not_take_the_call_back() -> None:
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.promote(new)
    switch.promote(old)
    switch.send(b"\x80")
    assert (old.sent, new.sent) == ([], [b"\x80"])
    assert switch.is_superseded(old) and not switch.is_superseded(new)


@pytest.mark.parametrize("comes_up", [True, False], ids=["come up", "never come up"])
async def test_a_peer_that_restarts_again_and_again_has_few_paths(comes_up: bool) -> None:
    """It sends on all of them, so none falls silent."""
    switch = Switch(Observer())
    first, *later = paths(switch, 1)
    switch.promote(first)
    for _ in range(20):
        later += paths(switch, 1)
        if comes_up:
            switch.promote(later[-1])
        for path in (first, *later):
            switch.deliver(path, b"\x80")
    await asyncio.sleep(0)
    switch.send(b"\x80")
    opened = [path for path in (first, *later) if not path.closed.is_set()]
    assert len(opened) == switch_module.MAX_PATHS
    assert later[-1] in opened
    assert (later[-1] if comes_up else first).sent == [b"\x80"]


async def test_rtp_goes_past_dtls() -> None:
    switch = Switch(Observer())
    (path,) = paths(switch, 1)
    heard: list[bytes] = []

    def take(data: bytes) -> bool:
        heard.append(data)
        return True

    switch.on_rtp = take
    switch.deliver(path, b"\x80rtp")
    switch.deliver(path, b"")
    switch.deliver(path, b"\x16dtls")
    assert heard == [b"\x80rtp"]
    assert await switch._recv() == b"\x16dtls"


async def test_a_flood_does_not_grow_the_queue_and_closing_still_ends_the_reader() -> None:
    switch = Switch(Observer())
    (path,) = paths(switch, 1)
    for _ in range(10 * switch_module.QUEUE_PACKETS):
        switch.deliver(path, b"\x16flood")
    await switch.close()
    delivered = 0
    with pytest.raises(ConnectionError):
        while await switch._recv():
            delivered += 1
    assert delivered < switch_module.QUEUE_PACKETS


async def test_closing_closes_every_path() -> None:
    observer = Observer()
    switch = Switch(observer)
    active, pending = paths(switch, 2)
    switch.promote(active)
    await switch.close()
    assert active.closed.is_set() and pending.closed.is_set()
    assert observer.states == ["connected", "closed"]


async def test_a_crippled_path_is_left_with_all_before_it_at_the_next_promotion() -> None:
    switch = Switch(Observer())
    first, second, third = (FakePath() for _ in range(3))
    for path in (first, second):
        switch.add(path)
        switch.promote(path)
    switch.add(third, abandon=True)
    assert not second.closed.is_set()
    switch.promote(third)
    await asyncio.wait_for(asyncio.gather(first.closed.wait(), second.closed.wait()), 5)
    await switch.close()


async def test_hearing_a_peer_again_is_told_once_there_is_a_way_to_it() -> None:
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.deliver(old, b"\x80")
    restored: list[bool] = []
    switch.on_restored = lambda: restored.append(True)
    switch.deliver(old, b"\x80")
    assert not restored
    switch.last_heard -= 1.0
    switch.deliver(old, b"\x80")
    assert restored == [True]
    switch.drop(old)
    switch.deliver(new, b"\x80")
    assert restored == [True]
    switch.promote(new)
    assert restored == [True, True]


async def test_where_the_peer_is_heard_before_the_path_is_promoted_it_is_told_again() -> None:
    switch = Switch(Observer())
    old, new = paths(switch, 2)
    switch.promote(old)
    switch.deliver(old, b"\x80")
    switch.last_heard -= 1.0
    restored: list[bool] = []
    switch.on_restored = lambda: restored.append(True)
    switch.deliver(new, b"\x80")
    switch.promote(new)
    assert restored == [True, True]


async def test_sctp_holds_still_while_the_peer_is_silent_and_the_rest_does_not() -> None:
    switch = Switch(Observer())
    (path,) = paths(switch, 1)
    switch.promote(path)
    switch.last_heard -= 1.0
    for data in (b"\x17sctp", b"\x16hello"):
        await switch._send(data)
    switch.send(b"\x80audio")
    assert path.sent == [b"\x16hello", b"\x80audio"]
    switch.deliver(path, b"\x80")
    await switch._send(b"\x17sctp")
    assert path.sent[-1] == b"\x17sctp"
