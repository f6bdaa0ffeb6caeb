"""Any messages, in any order, over any sockets: each gets an answer of the protocol."""

import asyncio
import itertools
import json
import logging
import re
from pathlib import Path
from typing import Any, Final

import pytest
from channels.layers import channel_layers, get_channel_layer
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from pydantic import TypeAdapter

from bot.config import BotConfig
from bot.worker import Worker
from calls import tickets
from fleet import chosen
from fleet.lease import new_channel
from tests.page import Page
from voicedemo.asgi import application
from wire.server import ServerMessage

pytestmark = pytest.mark.ws

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
SDP: Final = [path.read_bytes().decode() for path in FIXTURES.glob("*.sdp")]
ANSWER_S: Final = 10.0
server_message: Final = TypeAdapter[Any](ServerMessage)
numbers = itertools.count(1)

which = st.integers(0, 5)
generations = st.sampled_from([1, 1, 1, 2, 3, 7, 1_000_000, 0, -1, 2**70, "1", None])
texts = st.text(max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
junk = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)
sdps = st.sampled_from([*SDP, *(re.sub(r"a=ice-ufrag:", "a=ice-ufrag:x", sdp) for sdp in SDP)])
any_offer = st.fixed_dictionaries(
    {"sdp": sdps | texts, "generation": generations},
    optional={
        "voice": st.sampled_from(["echo", "parrot", "tone", "speech", "bot", "x"]),
        "rejoin": st.booleans(),
        "abandon": st.booleans(),
    },
)
candidate_lines = st.sampled_from(
    ["candidate:1 1 udp 1 192.0.2.1 5000 typ host", "candidate:1 1 tcp 1 192.0.2.1 9 typ host", ""]
)
plain = st.one_of(
    st.fixed_dictionaries({"type": st.just("hears"), "media": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("visibility"), "hidden": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("ice")}),
    st.fixed_dictionaries(
        {
            "type": st.just("report"),
            "events": st.lists(
                st.fixed_dictionaries({"at": st.integers(0, 2**53), "kind": st.just("mic")}),
                max_size=3,
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("relayed"),
            "url": texts,
            "protocol": st.sampled_from(["udp", "tls", "x"]),
            "bytes": st.integers(-1, 10**9),
            "ms": st.integers(-1, 10**6),
        }
    ),
    st.fixed_dictionaries({"type": texts, "x": junk}),
)


class Sockets(RuleBasedStateMachine):
    """Pages with a ticket each, or another's, and what they may say."""

    runner: asyncio.Runner
    caplog: pytest.LogCaptureFixture

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Page] = []
        self.tickets: list[str] = []
        self.secrets: list[tuple[str, str]] = [("x", "y")]
        """Calls, with what resumes them."""

    @rule(ticket=which, fresh=st.booleans())
    def opens(self, ticket: int, fresh: bool) -> None:
        if fresh or not self.tickets:
            self.tickets.append(tickets.issue())
            ticket = -1
        self.runner.run(self._opens(self.tickets[ticket % len(self.tickets)]))

    @rule(socket=which, offer=any_offer)
    def offers(self, socket: int, offer: dict[str, Any]) -> None:
        self._say(socket, {"type": "offer", **offer})

    @rule(socket=which, line=candidate_lines | texts, generation=generations)
    def trickles(self, socket: int, line: str, generation: object) -> None:
        candidate = {"candidate": line}
        self._say(socket, {"type": "candidate", "candidate": candidate, "generation": generation})

    @rule(socket=which, generation=generations)
    def ends_its_candidates(self, socket: int, generation: object) -> None:
        self._say(socket, {"type": "candidate", "candidate": None, "generation": generation})

    @rule(socket=which, call=which, secret=which, offer=st.none() | any_offer)
    def resumes(self, socket: int, call: int, secret: int, offer: dict[str, Any] | None) -> None:
        message = {
            "type": "resume",
            "callId": self.secrets[call % len(self.secrets)][0],
            "token": self.secrets[secret % len(self.secrets)][1],
            "offer": offer and {"type": "offer", **offer},
        }
        self._say(socket, message)

    @rule(socket=which, message=plain)
    def says(self, socket: int, message: dict[str, Any]) -> None:
        self._say(socket, message)

    @rule(
        socket=which,
        reason=st.sampled_from(["hangup", "page_closed", "network_blocked", "relay_down"]),
    )
    def hangs_up(self, socket: int, reason: str) -> None:
        self._say(socket, {"type": "bye", "reason": reason})

    @rule(socket=which, message=junk)
    def babbles(self, socket: int, message: object) -> None:
        self._say(socket, message)

    @rule(socket=which)
    def closes(self, socket: int) -> None:
        if self.open:
            self.runner.run(self._close(self.open.pop(socket % len(self.open))))

    def teardown(self) -> None:
        for page in self.open:
            self.runner.run(self._close(page))

    def _say(self, socket: int, message: object) -> None:
        if self.open:
            page = self.open[socket % len(self.open)]
            self.runner.run(self._ask(page, json.dumps(message)))
        assert [record for record in self.caplog.records if record.exc_info] == []

    async def _opens(self, ticket: str) -> None:
        page = Page(application, ticket=ticket)
        self.open.append(page)
        first = await page.open()
        self._learn(first)
        if first["type"] == "error":
            await self._until_answered(page, -1)

    async def _ask(self, page: Page, text: str) -> None:
        """Say something, and something after it that has an answer of its own."""
        at = next(numbers)
        await page.socket.send_input({"type": "websocket.receive", "text": text})
        await page.say(type="ping", at=at)
        await self._until_answered(page, at)

    async def _until_answered(self, page: Page, at: int) -> None:
        while (output := await page.socket.receive_output(ANSWER_S))["type"] == "websocket.send":
            message = json.loads(output["text"])
            server_message.validate_python(message)
            self._learn(message)
            if message["type"] == "pong" and message["at"] == at:
                return
        self.open.remove(page)
        await page.close()

    def _learn(self, message: dict[str, Any]) -> None:
        if message.get("token"):
            self.secrets.append((message["callId"], message["token"]))

    async def _close(self, page: Page) -> None:
        await page.socket.disconnect()
        await page.close()


@pytest.fixture
def machine(
    transactional_db: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> type[Sockets]:
    caplog.set_level(logging.WARNING)
    Sockets.caplog = caplog
    return Sockets


def run(machine: type[Sockets], folder: Path, examples: int, steps: int) -> None:
    """Run the machine against a worker of its own."""
    config = BotConfig(
        heartbeat_s=20,
        liveness_s=40,
        max_call_s=600,
        max_calls=50,
        greeting="Hello.",
        speech_folder=folder,
    )
    with asyncio.Runner() as machine.runner:
        channel_layers.backends.clear()

        async def start() -> Worker:
            chosen.fleet.cache_clear()
            worker = Worker(get_channel_layer(), new_channel("embedded"), config, chosen.fleet())
            await worker.start()
            return worker

        worker = machine.runner.run(start())
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            machine.runner.run(worker.stop())


def test_any_messages_in_any_order_are_answered(machine: type[Sockets], tmp_path: Path) -> None:
    run(machine, tmp_path, examples=10, steps=20)


@pytest.mark.long
def test_many_messages_in_any_order_are_answered(machine: type[Sockets], tmp_path: Path) -> None:
    run(machine, tmp_path, examples=200, steps=50)
