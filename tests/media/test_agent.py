"""Two agents over real sockets on loopback addresses, some of which can be made to drop packets."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from math import inf

import pytest
import pytest_asyncio
from aioice.candidate import Candidate

from bot.ice import agent as agent_module
from bot.ice import checklist, failover, stun
from bot.ice.agent import IceAgent
from bot.ice.credit import Credit
from bot.ice.media_port import MediaPort
from bot.ice.pair import MAX_HELD, MAX_HELD_BYTES
from bot.ice.path import SILENT_S, Address, Base, Path
from bot.ice.switch import PathState, Switch
from tests.hostile import check_of_peer

pytestmark = pytest.mark.media

BOT = "127.0.0.1"
WIFI, CELLULAR = "127.0.0.2", "127.0.0.3"
SSRC = 1234
OFFER_BYTES = 3000


class DroppingPort(MediaPort):
    """A port that drops every packet from or to the addresses in ``dead``."""

    def __init__(self, *addresses: str) -> None:
        super().__init__(addresses)
        self.dead: set[str] = set()
        self.spied: list[tuple[Base, bytes, Address]] = []

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        if not self.dead & {remote[0], base.candidate.host}:
            self.spied.append((base, data, remote))
            super().receive(base, data, remote)


class Quiet:
    """An observer that ignores the events of paths."""

    def path_state(self, state: PathState) -> None:
        pass

    def path_changed(self, path: Path) -> None:
        pass

    def pair_nominated(self, pair: dict[str, str]) -> None:
        pass


class End:
    """One side of a call, sending a packet every 20 ms as audio does."""

    def __init__(self, port: DroppingPort) -> None:
        self.port = port
        self.switch = Switch(self)
        self.heard: list[tuple[float, bytes]] = []
        self.switch.on_rtp = self._hear
        self.believes = True
        """Whether arriving packets count as authentic, as SRTP would decide."""
        self.states: list[PathState] = []
        self._audio = asyncio.create_task(self._talk())
        self.agent = self.new_agent()

    def new_agent(self) -> IceAgent:
        return offered(IceAgent(self.switch, self.port))

    def path_state(self, state: PathState) -> None:
        self.states.append(state)

    def path_changed(self, path: Path) -> None:
        pass

    def pair_nominated(self, pair: dict[str, str]) -> None:
        pass

    def gap(self, since: float) -> float:
        """The longest time without a packet, in seconds."""
        times = [since] + [at for at, _ in self.heard if at > since]
        return max(b - a for a, b in itertools.pairwise(times))

    async def next_packet(self) -> None:
        count = len(self.heard)
        async with asyncio.timeout(10):
            while len(self.heard) == count:
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        self._audio.cancel()
        await self.switch.close()
        self.port.close()

    def _hear(self, data: bytes) -> bool:
        self.heard.append((asyncio.get_running_loop().time(), data))
        return self.believes

    async def _talk(self) -> None:
        number = 0
        while True:
            number += 1
            self.switch.send(b"\x80" + number.to_bytes(7) + SSRC.to_bytes(4))
            await asyncio.sleep(0.02)


def offered(agent: IceAgent) -> IceAgent:
    """``agent``, with the credit that an offer of a browser earns."""
    agent.earn(OFFER_BYTES)
    return agent


def link(ours: IceAgent, theirs: IceAgent) -> None:
    """Exchange credentials and candidates, as an offer and an answer would."""
    for one, other in ((ours, theirs), (theirs, ours)):
        one.start(other.local_ufrag, other.local_pwd, ssrc=SSRC)
        for candidate in other.local_candidates:
            one.add(Candidate.from_sdp(candidate.to_sdp()))


@pytest_asyncio.fixture
async def make_end() -> AsyncIterator[Callable[..., Awaitable[End]]]:
    ends: list[End] = []

    async def make(*addresses: str) -> End:
        port = DroppingPort(*addresses)
        await port.open()
        ends.append(End(port))
        return ends[-1]

    yield make
    for end in ends:
        await end.close()


@pytest_asyncio.fixture
async def bot(make_end: Callable[..., "asyncio.Future[End]"]) -> End:
    return await make_end(BOT)


@pytest_asyncio.fixture
async def phone(make_end: Callable[..., "asyncio.Future[End]"]) -> End:
    end = await make_end(WIFI, CELLULAR)
    # Like a browser: controlling because it offers, with an ordinary tie-breaker.
    end.agent.role.tie_breaker = 1
    return end


async def connected(bot: End, phone: End) -> None:
    link(bot.agent, phone.agent)
    await bot.next_packet()
    await phone.next_packet()


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_the_bot_takes_the_controlling_role(bot: End, phone: End) -> None:
    await connected(bot, phone)
    assert (bot.agent.role.controlling, phone.agent.role.controlling) == (True, False)


class LiteEnd:
    """A peer that only answers checks (RFC 8445, 2.5), and talks on the nominated pair.

    :param forgets: how many nominations it ignores first.
    """

    def __init__(self, *addresses: str, forgets: int = 0) -> None:
        self.port = DroppingPort(*addresses)
        self.forgets = forgets
        self.ufrag, self.pwd = "lite", "p" * 24
        self.nominated: list[Base] = []
        self.roles: set[str] = set()
        self.heard: list[bytes] = []

    async def open(self) -> None:
        await self.port.open(tcp=False)
        self.port.register(self.ufrag, self)

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        if not stun.is_stun(data):
            self.heard.append(data)
            return
        request = stun.parse(data)
        self.port.route(base, remote, self, has_answered=True)
        base.send(stun.binding_response(request, remote, self.pwd.encode()), remote)
        self.roles |= {name for name in request.attributes if name.startswith("ICE-")}
        if "USE-CANDIDATE" in request.attributes:
            self.nominated.append(base)
            if len(self.nominated) > self.forgets:
                base.send(b"\x80hello", remote)

    def base_lost(self, base: Base) -> None:
        pass


async def test_a_lite_peer_is_controlled_whatever_the_setting(bot: End) -> None:
    lite = LiteEnd(WIFI, CELLULAR)
    await lite.open()
    bot.agent = offered(IceAgent(bot.switch, bot.port, controlling=False))
    bot.agent.start(lite.ufrag, lite.pwd, is_lite=True)
    for candidate in lite.port.bases:
        bot.agent.add(Candidate.from_sdp(candidate.candidate.to_sdp()))
    await bot.next_packet()
    assert lite.roles == {"ICE-CONTROLLING"}
    await asyncio.sleep(0.5)
    assert lite.heard
    lite.port.dead = {lite.nominated[-1].candidate.host}
    await bot.next_packet()
    assert lite.nominated[-1].candidate.host not in lite.port.dead
    lite.port.close()


class OfferingPeer:
    """A peer that claims the controlling role and sends data once a check of its own is answered.

    :param keeps_role: True: like Pion, it ignores checks that claim its role, nominates, and sends
        no further checks. False: like Chromium, it gives the role up and checks all the time.
    :param delay: the delay one way, in seconds.
    :param loss: the share of packets to it that are lost, 0 to 1.
    """

    def __init__(
        self, bot: IceAgent, *, keeps_role: bool, delay: float = 0.0, loss: float = 0.0
    ) -> None:
        self.port = DroppingPort(WIFI)
        self.keeps_role, self.delay, self.loss = keeps_role, delay, loss
        self.ufrag, self.pwd = "peer", "p" * 24
        self.role = "ICE-CONTROLLING"
        self.roles_seen: list[str] = []
        self.heard: list[bytes] = []
        self._bot = bot
        self._dice = random.Random(1)
        self._loop = asyncio.get_running_loop()
        self._answers = 0
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self.port.open(tcp=False)
        self.port.receive = self._arriving  # type: ignore[method-assign]
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        assert self._task is not None
        self._task.cancel()
        self.port.close()

    async def _run(self) -> None:
        interval = 0.2 if self.keeps_role else 0.048
        while not self.keeps_role or self._answers < 2:
            self._send(self._check())
            await asyncio.sleep(interval)

    def _check(self) -> bytes:
        check = stun.binding_request()
        check.attributes["USERNAME"] = f"{self._bot.local_ufrag}:{self.ufrag}"
        check.attributes["PRIORITY"] = 1
        check.attributes[self.role] = 1
        if self.role == "ICE-CONTROLLING" and (self._answers or not self.keeps_role):
            check.attributes["USE-CANDIDATE"] = None
        check.add_message_integrity(self._bot.local_pwd.encode())
        return bytes(check)

    def _send(self, data: bytes) -> None:
        to = self._bot.media_port.bases[0].local
        self._loop.call_later(self.delay, self.port.bases[0].send, data, to)

    def _arriving(self, base: Base, data: bytes, remote: Address) -> None:
        if self._dice.random() >= self.loss:
            self._loop.call_later(self.delay, self._receive, data, remote)

    def _receive(self, data: bytes, remote: Address) -> None:
        if not stun.is_stun(data):
            self.heard.append(data)
        elif stun.is_request(data):
            self._check_received(stun.parse(data), remote)
        else:
            self._answers += 1
            if self._answers == (2 if self.keeps_role else 1):
                self._send(b"\x16hello")

    def _check_received(self, check: stun.Message, remote: Address) -> None:
        (role,) = [name for name in check.attributes if name.startswith("ICE-")]
        self.roles_seen.append(role)
        if role == self.role == "ICE-CONTROLLING":
            if self.keeps_role:
                return
            self.role = "ICE-CONTROLLED"
        self._send(stun.binding_response(check, remote, self.pwd.encode()))


async def test_a_peer_that_ignores_checks_of_its_own_role_is_let_control(bot: End) -> None:
    peer = OfferingPeer(bot.agent, keeps_role=True)
    bot.agent.start(peer.ufrag, peer.pwd)
    await peer.open()
    began = now()
    async with asyncio.timeout(5):
        while not peer.heard:
            await asyncio.sleep(0.005)
    assert now() - began < 0.5  # 0.2 s until it nominates, and less than 0.3 s of ours
    assert peer.roles_seen[-1] == "ICE-CONTROLLED"
    peer.close()


@pytest.mark.parametrize("delay", [0.0, 0.15, 0.4])
async def test_a_browser_is_controlled_however_slow_its_network(bot: End, delay: float) -> None:
    peer = OfferingPeer(bot.agent, keeps_role=False, delay=delay)
    bot.agent.start(peer.ufrag, peer.pwd)
    await peer.open()
    async with asyncio.timeout(5):
        while not peer.heard:
            await asyncio.sleep(0.005)
    assert set(peer.roles_seen) == {"ICE-CONTROLLING"}
    assert peer.role == "ICE-CONTROLLED"
    peer.close()


@pytest.mark.parametrize("loss", [0.2, 0.5])
async def test_a_browser_is_controlled_in_the_end_however_much_is_lost(
    bot: End, loss: float
) -> None:
    peer = OfferingPeer(bot.agent, keeps_role=False, delay=0.15, loss=loss)
    bot.agent.start(peer.ufrag, peer.pwd)
    await peer.open()
    async with asyncio.timeout(5):
        while not (peer.heard and peer.role == "ICE-CONTROLLED" and bot.agent.role.controlling):
            await asyncio.sleep(0.005)
    del peer.roles_seen[:]
    await asyncio.sleep(0.5)
    assert set(peer.roles_seen) <= {"ICE-CONTROLLING"}
    peer.close()


async def test_a_nomination_is_repeated_until_it_is_followed(
    bot: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Firefox may forget the first: docs/browsers.md#firefox-forgets-nomination."""
    monkeypatch.setattr(failover, "SILENT_S", 1000)
    monkeypatch.setattr(checklist, "SILENT_S", 1000)
    peer = LiteEnd(WIFI, forgets=3)
    await peer.open()
    bot.agent.start(peer.ufrag, peer.pwd)
    bot.agent.add(Candidate.from_sdp(peer.port.bases[0].candidate.to_sdp()))
    await bot.next_packet()
    peer.port.close()


async def test_a_pair_that_dies_is_left_without_a_restart(bot: End, phone: End) -> None:
    await connected(bot, phone)
    await asyncio.sleep(0.5)  # the second pair gets its check meanwhile
    died = now()
    for end in (bot, phone):
        end.port.dead = {bot.agent._failover.selected.address[0]}  # type: ignore[union-attr]
    await bot.next_packet()
    await phone.next_packet()
    assert bot.gap(died) < 2 and phone.gap(died) < 2
    assert bot.states == ["connected"]
    assert phone.agent._failover.selected is not None


async def test_a_restart_on_a_healthy_path_loses_nothing(bot: End, phone: End) -> None:
    await connected(bot, phone)
    first = bot.heard[-1][1], phone.heard[-1][1]
    for _ in range(3):
        old = bot.agent, phone.agent
        bot.agent, phone.agent = bot.new_agent(), phone.new_agent()
        phone.agent.role.tie_breaker = 1
        link(bot.agent, phone.agent)
        async with asyncio.timeout(10):
            while bot.switch.active is old[0] or phone.switch.active is old[1]:
                await asyncio.sleep(0.01)
        await bot.next_packet()
    # The old path's pairs answer until it is retired. They must not take the call back.
    await asyncio.sleep(3 * SILENT_S)
    assert (bot.switch.active, phone.switch.active) == (bot.agent, phone.agent)
    for end, start in zip((bot, phone), first, strict=True):
        # A packet that came on both paths counts once: SRTP discards replays.
        numbers = sorted({int.from_bytes(data[1:8]) for _, data in end.heard})
        numbers = [number for number in numbers if number >= int.from_bytes(start[1:8])]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


class Rebound:
    """The phone's second mapping, after its NAT has forgotten the first one.

    :param checks: whether the phone's checks come through. False: its next one is seconds away.
    """

    def __init__(self, phone: End, *, checks: bool) -> None:
        self._phone, self._checks = phone, checks
        self._old = phone.port.bases[0]
        self._port = DroppingPort(WIFI)

    @property
    def address(self) -> Address:
        return self._port.bases[0].local

    async def open(self) -> None:
        await self._port.open(tcp=False)
        self._port.receive = self._receive  # type: ignore[method-assign]
        self._old.send = self._send  # type: ignore[method-assign]
        self._old.datagram_received = lambda data, addr: None  # type: ignore[method-assign]

    def close(self) -> None:
        self._port.close()

    def _send(self, data: bytes, remote: Address) -> None:
        if self._checks or not (stun.is_stun(data) and stun.is_request(data)):
            self._port.bases[0].send(data, remote)

    def _receive(self, base: Base, data: bytes, remote: Address) -> None:
        self._phone.port.receive(self._old, data, remote)


@pytest.mark.parametrize("checks", [True, False], ids=["by its checks", "by its media"])
async def test_a_new_mapping_of_the_phones_nat_is_followed(
    bot: End, phone: End, monkeypatch: pytest.MonkeyPatch, *, checks: bool
) -> None:
    """The phone's packets suddenly come from another port, and nothing announces it to the bot.

    Addresses that lead nowhere have used up what the page earned.
    """
    await connected(bot, phone)
    monkeypatch.setattr(bot.agent._checklist, "credit", Credit())
    bot.port.dead = phone.port.dead = {CELLULAR}
    bot.believes = not checks
    rebound = Rebound(phone, checks=checks)
    await rebound.open()
    async with asyncio.timeout(10):
        while (
            bot.agent._failover.selected is None
            or bot.agent._failover.selected.address != rebound.address
        ):
            await asyncio.sleep(0.01)
    await phone.next_packet()
    rebound.close()


async def test_a_call_that_announces_the_ssrc_of_another_gets_nothing_of_it(
    bot: End, phone: End
) -> None:
    await connected(bot, phone)
    bot.port.dead = phone.port.dead = {CELLULAR}
    stranger = IceAgent(Switch(Quiet()), bot.port)
    stranger.start("stranger", "x" * 24, ssrc=SSRC)
    rebound = Rebound(phone, checks=False)
    await rebound.open()
    async with asyncio.timeout(10):
        while (
            bot.agent._failover.selected is None
            or bot.agent._failover.selected.address != rebound.address
        ):
            await asyncio.sleep(0.01)
    assert stranger._checklist.pairs == []
    await stranger.close()
    await phone.next_packet()
    rebound.close()


async def test_a_mapping_that_failed_and_came_back_is_followed_too(bot: End, phone: End) -> None:
    await connected(bot, phone)
    bot.port.dead = phone.port.dead = {CELLULAR}
    rebound = Rebound(phone, checks=False)
    await rebound.open()
    forgotten = bot.agent._checklist.learn(bot.port.bases[0], rebound.address, 0)
    assert forgotten is not None
    forgotten.fail()
    async with asyncio.timeout(10):
        while bot.agent._failover.selected is not forgotten:
            await asyncio.sleep(0.01)
    rebound.close()


async def test_media_that_is_not_authentic_gets_no_check(bot: End, phone: End) -> None:
    """It comes from an unknown address with the right SSRC, which anybody on the way can read."""
    await connected(bot, phone)
    bot.believes = False
    pairs = bot.agent._checklist.pairs
    stranger = DroppingPort("127.0.0.4")
    await stranger.open(tcp=False)
    heard = len(bot.heard)
    forged = b"\x80" + bytes(7) + SSRC.to_bytes(4) + b"forged"
    stranger.bases[0].send(forged, bot.port.bases[0].local)
    async with asyncio.timeout(10):
        while forged not in (data for _, data in bot.heard[heard:]):
            await asyncio.sleep(0.01)
    assert bot.agent._checklist.pairs == pairs
    assert stranger.spied == []
    stranger.close()


async def test_what_a_named_address_sends_proves_nothing(bot: End) -> None:
    """The page has named it, and no check has passed there. A relay hands its packets on."""
    bot.agent.start("peer", "p" * 24, ssrc=SSRC)
    bot.agent.add(Candidate("1", 1, "udp", 1, "127.0.0.4", 50000, "host"))
    (pair,) = bot.agent._checklist.pairs
    bot.believes = False
    last_heard = bot.switch.last_heard
    for data in (b"\x16hello", b"\x80" + bytes(7) + SSRC.to_bytes(4) + b"forged"):
        bot.agent.receive(pair.base, data, pair.address)
    assert bot.switch._queue.empty()
    assert bot.switch.last_heard == last_heard
    assert pair.heard == -inf
    assert not pair.credit.spend(1)


async def test_dtls_waits_until_its_sender_has_answered_a_check(bot: End) -> None:
    """An eavesdropper sends a check of the peer again, and then a ClientHello (ES2023-02).

    The one who knows the peer's password can answer ours. They lose no time, as nothing could be
    sent to them before.
    """
    bot.agent.start("peer", "p" * 24)
    sender, to = DroppingPort("127.0.0.4"), bot.port.bases[0].local
    await sender.open(tcp=False)
    hellos = [b"\x16hello" + bytes([number]) for number in range(2 * MAX_HELD)]
    for data in (check_of_peer(bot.agent), *hellos, bytes(MAX_HELD_BYTES + 1)):
        sender.bases[0].send(data, to)
    async with asyncio.timeout(5):
        while not [data for _, data, _ in sender.spied if stun.is_request(data)]:
            await asyncio.sleep(0.01)
    assert len(bot.port.spied) == 2 + len(hellos)
    assert bot.switch._queue.empty()
    check = next(data for _, data, _ in sender.spied if stun.is_request(data))
    sender.bases[0].send(stun.binding_response(stun.parse(check), to, b"p" * 24), to)
    async with asyncio.timeout(5):
        assert [await bot.switch._recv() for _ in range(MAX_HELD)] == hellos[:MAX_HELD]
    assert bot.switch._queue.empty()
    sender.close()


async def test_a_visitor_who_forges_the_sender_of_a_check_takes_no_call_its_path(
    bot: End, phone: End
) -> None:
    """They have a call of their own, so its checks are authentic, whoever seems to send them."""
    await connected(bot, phone)
    theirs = offered(IceAgent(Switch(Quiet()), bot.port))
    theirs.start("peer", "p" * 24)
    base, remote = next(route for route, owner in bot.port._routes.items() if owner is bot.agent)
    MediaPort.receive(bot.port, base, check_of_peer(theirs), remote)
    assert bot.port._routes[base, remote] is bot.agent
    await theirs.close()
    assert bot.port._routes[base, remote] is bot.agent


async def test_a_tcp_connection_with_a_replayed_check_brings_no_dtls(bot: End) -> None:
    bot.agent.start("peer", "p" * 24)
    tcp = bot.port.tcp_candidates[0]
    _, writer = await asyncio.open_connection(tcp.host, tcp.port)
    for data in (check_of_peer(bot.agent), b"\x16hello"):
        writer.write(len(data).to_bytes(2) + data)
    async with asyncio.timeout(5):
        while len(bot.port.spied) < 2:
            await asyncio.sleep(0.01)
    assert bot.port.spied[1][1] == b"\x16hello"
    assert bot.switch._queue.empty()
    writer.close()


async def test_a_packet_without_the_password_leaves_nothing_behind(bot: End, phone: End) -> None:
    forged = offered(IceAgent(phone.switch, phone.port))
    bot.agent.start(phone.agent.local_ufrag, phone.agent.local_pwd)
    forged.start(bot.agent.local_ufrag, "x" * 24)
    forged.add(Candidate.from_sdp(bot.port.bases[0].candidate.to_sdp()))
    await asyncio.sleep(0.3)
    assert any(data[0] == 0 for _, data, _ in bot.port.spied)
    assert bot.agent._checklist.pairs == []
    assert not bot.port._routes
    await forged.close()


class Ears:
    """Addresses of somebody who never asked for a call, and how many bytes reach them."""

    def __init__(self, count: int) -> None:
        self.port = DroppingPort(*[f"127.0.1.{number}" for number in range(1, count + 1)])
        self.port.receive = self._hear  # type: ignore[method-assign]
        self.bytes = 0

    def _hear(self, base: Base, data: bytes, remote: Address) -> None:
        self.bytes += len(data)


async def until_refused(agent: IceAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until the agent's credit has refused fifty checks."""
    credit, refused = agent._checklist.credit, asyncio.Semaphore(0)
    spend = credit.spend

    def watched(count: int, *, keep: int = 0) -> bool:
        may = spend(count, keep=keep)
        if not may:
            refused.release()
        return may

    monkeypatch.setattr(credit, "spend", watched)
    async with asyncio.timeout(20):
        for _ in range(50):
            await refused.acquire()


async def test_the_addresses_that_a_page_names_get_no_more_than_it_sent(
    bot: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    ears = Ears(20)
    await ears.port.open(tcp=False)
    bot.agent.start("ufrag", "p" * 24)
    for base in ears.port.bases:
        line = base.candidate.to_sdp()
        bot.agent.earn(len(line))
        bot.agent.add(Candidate.from_sdp(line))
    sent = OFFER_BYTES + sum(len(base.candidate.to_sdp()) for base in ears.port.bases)
    await until_refused(bot.agent, monkeypatch)
    assert sent - checklist.KEPT_FOR_HEARD - 200 < ears.bytes <= sent
    ears.port.close()


async def test_a_page_that_forges_its_sender_makes_us_send_no_more_than_it_does(
    bot: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever really has the address never answers."""
    peer = OfferingPeer(bot.agent, keeps_role=False)
    ears = Ears(5)
    await ears.port.open(tcp=False)
    bot.agent.start(peer.ufrag, peer.pwd)
    to, sent = bot.port.bases[0].local, OFFER_BYTES
    refused = asyncio.create_task(until_refused(bot.agent, monkeypatch))
    while not refused.done():
        for base in ears.port.bases:
            check = peer._check()
            base.send(check, to)
            sent += len(check)
        await asyncio.sleep(0.01)
    await refused
    assert 0 < ears.bytes <= sent
    ears.port.close()


async def test_an_address_that_has_answered_is_checked_without_limit(
    bot: End, phone: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checklist, "KEEPALIVE_S", 0.01)
    await connected(bot, phone)
    bot.agent._checklist.credit.spend(bot.agent._checklist.credit._bytes)
    spied = len(phone.port.spied)
    async with asyncio.timeout(10):
        while sum(stun.is_stun(data) for _, data, _ in phone.port.spied[spied:]) < 100:
            await asyncio.sleep(0.01)


async def test_when_nobody_consents_any_more_the_path_is_dropped(
    bot: End, phone: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "CONSENT_S", 0.5)
    monkeypatch.setattr(checklist, "KEEPALIVE_S", 0.1)
    await connected(bot, phone)
    for end in (bot, phone):
        end.port.dead = {WIFI, CELLULAR}
    async with asyncio.timeout(10):
        while bot.switch.state is not PathState.DISCONNECTED:
            await asyncio.sleep(0.02)
    bot.switch.send(b"\x80into the void")


async def test_a_closed_agent_leaves_its_shared_port_clean(bot: End, phone: End) -> None:
    await connected(bot, phone)
    await bot.switch.close()
    port = bot.port
    assert not (port._by_ufrag or port._by_transaction or port._by_ssrc or port._routes)


async def test_ice_tcp_carries_the_call_where_udp_does_not(bot: End) -> None:
    """The client does as a browser: it connects to the passive candidate and frames by RFC 4571."""
    tcp = bot.port.tcp_candidates[0]
    reader, writer = await asyncio.open_connection(tcp.host, tcp.port)
    client = IceAgent(Switch(Quiet()), DroppingPort())  # only for its messages
    bot.agent.start(client.local_ufrag, client.local_pwd)
    client.role.controlling = False
    client._remote_ufrag = bot.agent.local_ufrag
    client._checklist.open(f"{bot.agent.local_ufrag}:{client.local_ufrag}", bot.agent.local_pwd)

    class Tcp:
        candidate = tcp

        def send(self, data: bytes, remote: Address) -> None:
            writer.write(len(data).to_bytes(2) + data)

    base = Tcp()
    client._checklist.bases = [base]
    client._checklist.add_pair(base, Candidate.from_sdp(tcp.to_sdp()))
    client._wake()

    async def read() -> None:
        while True:
            length = int.from_bytes(await reader.readexactly(2))
            client.receive(base, await reader.readexactly(length), (tcp.host, tcp.port))

    reading = asyncio.create_task(read())
    async with asyncio.timeout(5):
        while bot.switch.active is None or client._failover.selected is None:
            await asyncio.sleep(0.01)
    client.transmit(b"\x80over tcp")
    await bot.next_packet()
    assert bot.agent.describe() == {"local": "host", "remote": "prflx", "transport": "tcp"}
    reading.cancel()
    writer.close()
    await client.close()


async def test_a_tcp_connection_that_passes_no_check_is_closed(
    bot: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ice.tcp.UNPROVED_S", 0.1)
    tcp = bot.port.tcp_candidates[0]
    reader, writer = await asyncio.open_connection(tcp.host, tcp.port)
    writer.write(b"\x00\x04GET ")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        async with asyncio.timeout(5):
            await reader.readexactly(1)
    writer.close()
