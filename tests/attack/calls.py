"""Honest calls that are up during an attack, and what they lose."""

import asyncio
import re
import statistics
from dataclasses import dataclass
from typing import Final

from aiortc import RTCCertificate, RTCDtlsTransport

from tests.bench.load import recording
from tests.bench.load.generator import Load
from tests.bench.load.line import Line

from .door import Signalling, addresses
from .stage import CALLERS

WARM_S: Final = 3.5
"""By then every first echo has arrived (:data:`tests.bench.load.generator.WARM_S`)."""
AFTERWARDS_S: Final = 4.0
"""Longer than the recording, so each call has a word to echo."""


@dataclass(frozen=True)
class Heard:
    """What the calls got back. Times are in ms."""

    least: float
    """The share of its packets that the worst call got back, 0 to 1."""
    p95: float | None
    """The 95th percentile of the time to the first packet of an echo."""

    def __str__(self) -> str:
        p95 = "none" if self.p95 is None else f"{self.p95:.0f} ms"
        return f"the worst call got back {self.least:.1%}, p95 of an echo {p95}"


class Calls:
    """Calls of the echo, which say a word every three seconds."""

    def __init__(self) -> None:
        self._addresses = addresses()
        packets = recording.packets()
        self.signalling: list[Signalling] = []

        def make_line(records: bool) -> Line:
            self.signalling.append(Signalling(next(self._addresses)))
            return Line(self.signalling[-1], packets, records=records)

        self._load = Load(make_line)

    @property
    def lines(self) -> list[Line]:
        return self._load.lines

    async def connect(self, count: int) -> None:
        await self._load.connect(count)
        await asyncio.sleep(WARM_S)
        self.clear()

    @property
    def media(self) -> tuple[str, int]:
        """The address of the server's media port, as the answer tells it."""
        found = re.search(r"1 udp \d+ (203\S+) (\d+) typ host", self.signalling[0].sdp)
        assert found
        return found[1], int(found[2])

    @property
    def ufrags(self) -> list[str]:
        """The server's ufrags, which an eavesdropper reads in any check."""
        return [re.findall(r"a=ice-ufrag:(\S+)", one.sdp)[0] for one in self.signalling]

    def clear(self) -> None:
        for line in self.lines:
            line.clear()

    def heard(self) -> Heard:
        """What came back since :meth:`clear`."""
        echoes = sorted(1000 * echo for line in self.lines for echo in line.echo_s)
        return Heard(
            least=min(line.received / max(1, line.sent) for line in self.lines),
            p95=statistics.quantiles(echoes, n=20)[-1] if len(echoes) > 1 else None,
        )

    async def assert_all_are_up(self) -> Heard:
        """Every call has its socket, and gets back what it says from now on."""
        self.clear()
        await asyncio.sleep(AFTERWARDS_S)
        after = self.heard()
        gone = [s for s in self.signalling if s.socket.connection.close_code is not None]
        assert gone == []
        assert after.least >= 0.95, after
        return after

    async def hang_up(self) -> None:
        await self._load.hang_up()


def new_offer() -> str:
    """An offer as a line makes it, without candidates, for a call that never connects."""
    line = Line(Signalling(CALLERS[0]), [])
    dtls = RTCDtlsTransport(line._wire, [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
    return re.sub(r"a=end-of-candidates\r\n", "", line._offer(dtls))


async def seconds_to_connect() -> float:
    """How long a new honest caller waits from the tap until DTLS is up.

    :raises TimeoutError: if that takes ten seconds.
    """
    loop = asyncio.get_running_loop()
    signalling = Signalling("203.0.113.100")
    line = Line(signalling, recording.packets())
    certificate = RTCCertificate.generateCertificate()
    began = loop.time()
    async with asyncio.timeout(10):
        await line.connect(certificate)
    took = loop.time() - began
    await line.hang_up()
    return took
