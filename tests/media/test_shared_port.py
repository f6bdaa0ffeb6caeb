"""Workers of one machine that share a media port, each with calls of its own.

The workers are in one process here, and what they hand over goes through real Unix sockets. A
packet is given to the wrong worker on purpose, as the kernel does by chance.
"""

import asyncio
import os
import shutil
import socket
import stat
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from aioice.candidate import Candidate

from bot.ice import connected, names, shared_port, siblings, stun
from bot.ice.agent import IceAgent
from bot.ice.handed_over import DATAGRAM, Datagram
from bot.ice.media_port import MediaPort
from bot.ice.pair import PairState
from bot.ice.path import Address, Base
from bot.ice.shared_port import SharedPort, Workplace
from bot.ice.switch import Switch
from tests.hostile import check_for, check_of_peer
from tests.media.test_agent import SSRC, DroppingPort, Quiet, link, offered
from tests.ports import free_port

pytestmark = pytest.mark.media

HERE = "127.0.0.1"
RTP = b"\x80\x6f" + bytes(6) + SSRC.to_bytes(4) + b"sound"
DTLS = b"\x16\xfe\xfd" + bytes(50)


class Spied(SharedPort):
    """A worker's port that remembers what came to it by the network, and what was counted."""

    def __init__(self, number: int, folder: Path, port: int) -> None:
        self.number_of_worker = number
        self.came: list[tuple[Base, bytes, Address]] = []
        self.counted = Counter[str]()
        super().__init__([HERE], port=port, workplace=Workplace(number, folder), count=self._counts)

    def _counts(self, outcome: str) -> None:
        self.counted[outcome] += 1

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        self.came.append((base, data, remote))
        super().receive(base, data, remote)

    def stumble_over(self, data: bytes, remote: Address) -> None:
        """Get a datagram as if the kernel had given it to this worker."""
        super().receive(self.bases[0], data, remote)


MakeWorker = Callable[[int], Awaitable[Spied]]


@pytest_asyncio.fixture
async def make_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeWorker]:
    monkeypatch.setattr(siblings, "LISTED_S", -1.0)
    port = free_port()
    made: list[Spied] = []

    async def make(number: int) -> Spied:
        made.append(Spied(number, tmp_path / "workers", port))
        await made[-1].open()
        return made[-1]

    yield make
    for one in made:
        if one.bases:
            one.close()
            one.bases.clear()


@pytest_asyncio.fixture
async def one(make_worker: MakeWorker) -> Spied:
    return await make_worker(1)


@pytest_asyncio.fixture
async def two(one: Spied, make_worker: MakeWorker) -> Spied:
    return await make_worker(2)


class Phone:
    """A UDP socket that sends what a test tells it to."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HERE, 0))
        self._socket.setblocking(False)
        self.address: Address = self._socket.getsockname()

    def send(self, data: bytes, port: MediaPort) -> None:
        self._socket.sendto(data, (HERE, port.number))

    async def next(self) -> bytes:
        async with asyncio.timeout(5):
            while True:
                try:
                    return self._socket.recv(2048)
                except BlockingIOError:
                    await asyncio.sleep(0.001)

    async def next_check(self) -> stun.Message:
        while True:
            message = stun.parse(await self.next())
            if message.message_class is stun.Class.REQUEST:
                return message

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def phone() -> Iterator[Phone]:
    phone = Phone()
    yield phone
    phone.close()


class Call:
    """A call of a worker with a peer that sends what a test tells it to."""

    def __init__(self, port: MediaPort) -> None:
        self.switch = Switch(Quiet())
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.switch.on_rtp = self._hear
        self.agent = offered(IceAgent(self.switch, port))
        self.agent.start("peer", "p" * 24, ssrc=SSRC)

    def _hear(self, data: bytes) -> bool:
        self.heard.put_nowait(data)
        return True

    def check(self) -> bytes:
        """A check as its peer sends it."""
        return check_of_peer(self.agent)

    def answer(self, check: stun.Message, phone: Phone) -> bytes:
        return stun.binding_response(check, (HERE, 1), b"p" * 24)

    async def next_packet(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.heard.get()

    async def close(self) -> None:
        await self.switch.close()


async def is_done(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_check_that_comes_to_the_wrong_worker_is_answered(
    one: Spied, two: Spied, phone: Phone
) -> None:
    call = Call(two)
    check = stun.parse(call.check())
    one.stumble_over(bytes(check), phone.address)
    answer = stun.parse(await phone.next())
    assert answer.transaction_id == check.transaction_id
    assert answer.message_class is stun.Class.RESPONSE
    assert one.counted == {"passed": 1}
    await call.close()


async def test_an_answer_that_comes_to_the_wrong_worker_counts(
    one: Spied, two: Spied, phone: Phone
) -> None:
    call = Call(two)
    call.agent.add(Candidate("1", 1, "udp", 1, *phone.address, type="host"))
    one.stumble_over(call.answer(await phone.next_check(), phone), phone.address)
    (pair,) = call.agent._checklist.pairs
    await is_done(lambda: pair.state is PairState.SUCCEEDED)
    await call.close()


async def test_after_a_check_the_kernel_gives_the_peers_packets_to_its_worker(
    one: Spied, two: Spied, phone: Phone
) -> None:
    call = Call(two)
    one.stumble_over(call.check(), phone.address)
    await phone.next()
    one.came.clear()
    for _ in range(20):
        phone.send(RTP, one)
        assert await call.next_packet() == RTP
    assert one.came == []
    await call.close()
    phone.send(RTP, one)
    await is_done(lambda: one.packets_dropped + two.packets_dropped)


async def test_calls_of_three_workers_come_up_and_hear_each_other(
    one: Spied, two: Spied, make_worker: MakeWorker
) -> None:
    workers = [one, two, await make_worker(3)] * 3
    async with AsyncExitStack() as ends:
        ours: list[Switch] = []
        peers: list[Switch] = []
        heard = [Counter[bytes]() for _ in workers]
        for number, worker in enumerate(workers):
            theirs = DroppingPort(HERE)
            await theirs.open(tcp=False)
            ends.callback(theirs.close)
            for side in (ours, peers):
                side.append(Switch(Quiet()))
                ends.push_async_callback(side[-1].close)
            ours[-1].on_rtp = partial(_count, heard[number])
            link(offered(IceAgent(ours[-1], worker)), offered(IceAgent(peers[-1], theirs)))
        await is_done(lambda: all(switch.active for switch in ours + peers))
        for _ in range(10):
            for number, switch in enumerate(peers):
                switch.send(b"\x80" + bytes([number]) * 20)
        await is_done(lambda: all(counter.total() >= 10 for counter in heard))
    assert heard == [{b"\x80" + bytes([number]) * 20: 10} for number in range(len(workers))]
    assert [len(worker._connected) for worker in workers] == [0] * len(workers)


def _count(heard: Counter[bytes], data: bytes) -> bool:
    heard[data] += 1
    return True


async def test_a_packet_that_found_another_workers_socket_is_handed_over(
    one: Spied, two: Spied, phone: Phone
) -> None:
    """Between bind() and connect(), a socket of worker 1 gets what is for worker 2."""
    call, other = Call(two), Phone()
    base = one.bases[0]
    one._connected.open(HERE, other.address, one, base.datagram_received)
    base.datagram_received(call.check(), phone.address)
    await phone.next()
    await call.close()
    other.close()


async def test_media_from_a_new_mapping_finds_its_call_at_another_worker(
    one: Spied, two: Spied, phone: Phone
) -> None:
    """Worker 1 has a call that names the same SSRC, and cannot decrypt the packet."""
    call, strangers = Call(two), Call(one)
    strangers.switch.on_rtp = lambda data: False
    one.stumble_over(RTP, phone.address)
    assert await call.next_packet() == RTP
    username = (await phone.next_check()).attributes["USERNAME"]
    assert username == f"peer:{call.agent.local_ufrag}"
    await call.close()
    await strangers.close()


async def test_a_call_goes_on_without_a_socket_of_its_own(
    one: Spied, two: Spied, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are no descriptors left."""
    monkeypatch.setattr(two._connected, "_most", 0)
    call = Call(two)
    one.stumble_over(call.check(), phone.address)
    one.stumble_over(call.answer(await phone.next_check(), phone), phone.address)
    one.stumble_over(RTP, phone.address)
    one.stumble_over(DTLS, phone.address)
    assert await call.next_packet() == RTP
    async with asyncio.timeout(5):
        assert await call.switch._recv() == DTLS
    await call.close()


async def test_media_of_strangers_is_shown_at_a_bounded_rate(
    one: Spied, two: Spied, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_port, "MEDIA_PER_S", 3)
    for _ in range(10):
        one.stumble_over(RTP, phone.address)
    assert one.counted == {"passed": 3}
    assert one.packets_dropped == 7


async def test_an_ice_generation_has_so_many_sockets(
    one: Spied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the peers that were heard last."""
    monkeypatch.setattr(connected, "MAX_OF_OWNER", 2)
    calls, phones = [Call(one), Call(one)], [Phone() for _ in range(6)]

    def answers(call: int, phone: int) -> None:
        one.route(one.bases[0], phones[phone].address, calls[call].agent, has_answered=True)

    for number in range(6):
        answers(number // 3, number)
    kept = [(HERE, phones[number].address) for number in (1, 2, 4, 5)]
    assert list(one._connected._sockets) == kept
    answers(0, 1)
    answers(0, 0)
    kept = [(HERE, phones[number].address) for number in (4, 5, 1, 0)]
    assert list(one._connected._sockets) == kept
    await calls[0].close()
    assert len(one._connected) == 2
    await calls[1].close()
    for phone in phones:
        phone.close()


async def test_a_sender_that_has_not_answered_gets_no_socket(
    one: Spied, two: Spied, phone: Phone
) -> None:
    """Somebody with a call here may have forged it, and it may have a call with a sibling."""
    call = Call(two)
    two.stumble_over(call.check(), phone.address)
    check = await phone.next_check()
    assert len(two._connected) == 0
    two.stumble_over(call.answer(check, phone), phone.address)
    assert len(two._connected) == 1
    await call.close()


async def test_all_calls_together_have_so_many_sockets(
    one: Spied, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connected, "MAX_SOCKETS", 0)
    sockets = connected.ConnectedSockets(one._bind_connected)
    sockets.open(HERE, phone.address, one, one.bases[0].datagram_received)
    assert len(sockets) == 0


# Siblings that are not there, or do not read.


async def test_what_names_nobody_is_dropped_and_a_successor_is_found(
    one: Spied, two: Spied, make_worker: MakeWorker, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siblings, "AWAY_S", 0.0)
    call = Call(two)
    one.stumble_over(call.check(), phone.address)
    await phone.next()
    late = call.check()
    await call.close()
    two.close()
    two.bases.clear()
    one.stumble_over(late, phone.address)
    assert one.counted == {"passed": 1, "away": 1}
    successor = await make_worker(2)
    one.stumble_over(late, phone.address)
    await is_done(lambda: successor.packets_dropped)  # it knows nothing of the call
    call = Call(successor)
    one.stumble_over(call.check(), phone.address)
    await phone.next()
    await call.close()


async def test_a_sibling_that_is_away_is_not_looked_for_all_the_time(
    one: Spied, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []
    make = siblings._unix_socket

    def unix_socket() -> socket.socket:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(siblings, "_unix_socket", unix_socket)
    for _ in range(100):
        one.stumble_over(check_for(names.begin_ufrag(7) + "whoever"), phone.address)
    assert one.counted == {"away": 100}
    assert len(made) == 1


async def test_a_sibling_that_does_not_read_holds_up_nobody(
    one: Spied, two: Spied, make_worker: MakeWorker, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While this function does not wait, no worker reads."""
    monkeypatch.setattr(siblings, "QUEUE_BYTES", 4096)
    three = await make_worker(3)
    check = check_for(names.begin_ufrag(2) + "nobody")
    for _ in range(1000):
        one.stumble_over(check, phone.address)
    assert one.counted["full"] > 0
    call = Call(three)
    one.stumble_over(call.check(), phone.address)
    await phone.next()
    await is_done(lambda: two.packets_dropped == one.counted["passed"] - 1)
    await call.close()


async def test_a_worker_goes_on_alone_if_the_folder_is_removed(
    one: Spied, two: Spied, phone: Phone
) -> None:
    shutil.rmtree(one._folder)
    one.stumble_over(RTP, phone.address)
    one.stumble_over(check_for(names.begin_ufrag(2) + "nobody"), phone.address)
    assert one.counted == {"away": 1}
    call = Call(one)
    one.stumble_over(call.check(), phone.address)
    await phone.next()
    await call.close()


async def test_a_worker_that_starts_gets_the_sockets_of_the_others(one: Spied, two: Spied) -> None:
    """So one that is frozen has no share of what comes to the port."""
    assert [os.fstat(s.fileno()).st_ino for s in one.shared_sockets()] == [
        os.fstat(s.fileno()).st_ino for s in two.shared_sockets()
    ]
    assert len(one.shared_sockets()) == 2


async def test_a_worker_starts_although_its_siblings_are_frozen(
    one: Spied, make_worker: MakeWorker, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siblings, "ANSWER_S", 0.05)
    asyncio.get_running_loop().remove_reader(one._siblings._listener)
    two = await make_worker(2)
    assert two.number == one.number
    call = Call(two)
    two.stumble_over(call.check(), phone.address)
    await phone.next()
    await call.close()


@pytest.mark.parametrize("is_shared", [True, False], ids=["shared by the stranger", "not shared"])
async def test_a_port_that_somebody_else_has_is_not_taken(tmp_path: Path, is_shared: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, is_shared)
        stranger.bind((HERE, 0))
        number = stranger.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            await MediaPort([HERE], port=number).open()
        with pytest.raises(OSError, match="in use"):
            await Spied(1, tmp_path / "workers", number).open()


# TCP.

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


async def next_frame(connection: Connection) -> bytes:
    async with asyncio.timeout(5):
        length = int.from_bytes(await connection[0].readexactly(2))
        return await connection[0].readexactly(length)


@pytest_asyncio.fixture
async def at_the_wrong_worker(one: Spied, two: Spied) -> AsyncIterator[Connection]:
    """A connection that worker 1 accepts."""
    for server in two._servers:
        server.close()
    connection = await asyncio.open_connection(HERE, one.number)
    yield connection
    connection[1].transport.abort()


async def test_a_connection_for_another_worker_is_passed_to_it(
    one: Spied, two: Spied, at_the_wrong_worker: Connection
) -> None:
    call = Call(two)
    at_the_wrong_worker[1].write(framed(call.check()) + framed(RTP) + framed(RTP)[:5])
    answers = [stun.parse(await next_frame(at_the_wrong_worker)) for _ in range(2)]
    assert {answer.message_class for answer in answers} == {
        stun.Class.RESPONSE,
        stun.Class.REQUEST,
    }
    assert await call.next_packet() == RTP
    at_the_wrong_worker[1].write(framed(RTP)[5:] + framed(RTP))
    assert [await call.next_packet() for _ in range(2)] == [RTP, RTP]
    assert one.counted == {"passed": 1}
    assert not one._connections
    assert len(two._connections) == 1
    assert not two._connections._unproved
    await call.close()
    assert await at_the_wrong_worker[0].read() is not None  # the rest, and then the end


async def test_a_connection_that_names_another_worker_in_vain_is_closed(
    one: Spied, two: Spied, at_the_wrong_worker: Connection
) -> None:
    check = check_for(names.begin_ufrag(2) + "nobody")
    at_the_wrong_worker[1].write(framed(check))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await next_frame(at_the_wrong_worker)
    assert not two._connections
    assert one.counted == {"passed": 1}


async def test_a_connection_for_a_worker_that_is_away_is_closed(
    one: Spied, two: Spied, at_the_wrong_worker: Connection
) -> None:
    at_the_wrong_worker[1].write(framed(check_for(names.begin_ufrag(9) + "nobody")))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await next_frame(at_the_wrong_worker)
    assert one.counted == {"away": 1}


async def test_one_network_holds_no_more_connections_by_way_of_other_workers(
    one: Spied, two: Spied, at_the_wrong_worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is handed over counts where it goes."""
    monkeypatch.setattr("bot.ice.tcp.MAX_UNPROVED", 0)
    call = Call(two)
    at_the_wrong_worker[1].write(framed(call.check()))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await next_frame(at_the_wrong_worker)
    await call.close()


# What comes to the Unix sockets.


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_only_the_workers_user_can_reach_the_unix_sockets(one: Spied) -> None:
    assert stat.S_IMODE(one._folder.stat().st_mode) == 0o700


async def test_the_folder_may_have_a_long_path(tmp_path: Path, phone: Phone) -> None:
    folder = tmp_path / ("long" * 30) / "workers"
    folder.parent.mkdir()
    port = free_port()
    workers = [Spied(number, folder, port) for number in (1, 2)]
    for worker in workers:
        await worker.open()
    call = Call(workers[1])
    workers[0].stumble_over(call.check(), phone.address)
    await phone.next()
    await call.close()
    for worker in workers:
        worker.close()


async def test_forged_messages_hurt_nobody(one: Spied, two: Spied, phone: Phone) -> None:
    call = Call(one)
    datagram = Datagram(HERE, phone.address, call.check()).pack()
    forged = [
        b"?",
        DATAGRAM,
        datagram[:20],
        DATAGRAM + b"\xff" + datagram[2:],  # a family that there is not
        Datagram("127.0.0.9", phone.address, call.check()).pack(),  # an address that we have not
        Datagram(HERE, (HERE, 0), call.check()).pack(),
        Datagram(HERE, phone.address, check_for(names.begin_ufrag(2) + "nobody")).pack(),
        Datagram(HERE, phone.address, check_for(call.agent.local_ufrag)).pack(),
        Datagram(HERE, phone.address, RTP).pack(),
        DATAGRAM + bytes(siblings.MAX_MESSAGE_BYTES + 1),
    ]
    call.switch.on_rtp = lambda data: False
    files = open_files()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as forger:
        forger.connect(str(one._folder / "1"))
        for message in forged:
            forger.send(message)
        with socket.socket() as unconnected, Path(os.devnull).open() as no_socket:
            check = b"C" + framed(call.check())
            socket.send_fds(forger, [check], [unconnected.fileno()])
            socket.send_fds(forger, [check], [forger.fileno()])
            socket.send_fds(forger, [check], [no_socket.fileno()])
            socket.send_fds(forger, [check], [unconnected.fileno()] * 2)
            socket.send_fds(forger, [forged[4]], [unconnected.fileno()])
        forger.send(check)
        forger.send(datagram)
        await phone.next()  # the answer to the last one, which is right
    await is_done(lambda: not one._siblings._from_siblings)
    await is_done(lambda: open_files() == files)
    assert one.counted == {}
    assert two.packets_dropped == 0
    await call.close()
