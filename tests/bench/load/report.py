"""Writes the results as a table with ratios, and into ``docs/performance.md``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.server import ROOT

from .generator import Figures

PAGE: Final = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- make bench -->", "<!-- end of the table -->"
HEAD: Final = (
    "| | calls a core | CPU a call, at | echo p50 / p95 at 1 call | at 10 calls | at its limit "
    "| offer → answer / own voice | idle | memory a call | like what was said |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)
WIRE_HEAD: Final = (
    "| each way | | echo p50 / p95 | lost on the way back | out of order | like what was said |\n"
    "|---|---|---|---|---|---|\n"
)
NOTICED_MS: Final = 150
"""People notice more delay than this (ITU-T G.114). A server that adds it is overloaded."""
SIDE_BY_SIDE: Final = (10, 40)
"""Loads at which the CPU time of a call is compared, in calls."""


@dataclass
class Result:
    """The results of one product, by number of calls."""

    name: str
    idle_mb: float = 0.0
    loads: dict[int, Figures] = field(default_factory=dict)
    note: str = ""

    @property
    def clean(self) -> list[int]:
        """The loads with clean calls and without growing delay, ascending."""
        return sorted(n for n, f in self.loads.items() if f.clean == f.calls and self._keeps_up(f))

    def _keeps_up(self, figures: Figures) -> bool:
        usual, echo = self.lightest.echo_p95, figures.echo_p95
        return usual is None or echo is None or echo - usual <= NOTICED_MS

    @property
    def calls_per_core(self) -> int:
        return max(self.clean, default=0)

    @property
    def memory_per_call_mb(self) -> float | None:
        if len(self.clean) < 2:
            return None
        few, many = self.clean[0], self.clean[-1]
        return (self.loads[many].memory_mb - self.loads[few].memory_mb) / (many - few)

    @property
    def lightest(self) -> Figures:
        return self.loads[min(self.loads)]


@dataclass(frozen=True, order=True)
class Wire:
    """The faults of a connection, each way."""

    late: float = 0.0
    """The share of the caller's packets that leave 30 ms late, after the next one."""
    loss: float = 0.0

    def __str__(self) -> str:
        done = [f"{self.loss:.0%} lost"] if self.loss else []
        done += [f"{self.late:.0%} out of order"] if self.late else []
        return ", ".join(done) or "nothing lost"


@dataclass(frozen=True)
class OnWire:
    name: str
    wire: Wire
    figures: Figures


def table(results: Sequence[Result]) -> str:
    rows = [_row(result) for result in results if result.loads]
    missing = [f"\nNot measured: {r.name} ({r.note})." for r in results if r.note]
    return HEAD + "\n".join(rows) + "\n" + "".join(missing)


def wire_table(found: Sequence[OnWire]) -> str:
    rows = (
        f"| {each.wire} | {each.name} | {_echo(each.figures)} | {100 * each.figures.missing:.1f} % "
        f"| {each.figures.disordered} | {each.figures.likeness:.2f} |\n"
        for each in sorted(found, key=lambda each: each.wire)
    )
    return WIRE_HEAD + "".join(rows)


def write_document(results: Sequence[Result], on_wires: Sequence[OnWire]) -> None:
    before, _, after = re.split(f"{re.escape(BEGIN)}|{re.escape(END)}", PAGE.read_text())
    found = f"{table(results)}\n{wire_table(on_wires)}"
    PAGE.write_text(f"{before}{BEGIN}\n{found}{END}{after}")


def _row(result: Result) -> str:
    limit = result.loads.get(result.calls_per_core)
    memory = result.memory_per_call_mb
    first = result.lightest
    cells = [
        result.name,
        str(result.calls_per_core),
        ", ".join(f"{f.cpu / n:.2f} % ({n})" for n, f in _compared(result)),
        _echo(result.loads.get(1)),
        _echo(result.loads.get(10)),
        _echo(limit),
        f"{first.answer:.0f} / {_ms(first.first_echo)}",
        f"{result.idle_mb:.0f} MB",
        "–" if memory is None else f"{memory:.2f} MB",
        f"{first.likeness:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _compared(result: Result) -> list[tuple[int, Figures]]:
    """The loads whose cost is shown: those to compare, or else the largest clean one."""
    shown = [n for n in SIDE_BY_SIDE if n in result.clean] or result.clean[-1:]
    return [(n, result.loads[n]) for n in shown]


def _echo(figures: Figures | None) -> str:
    if figures is None:
        return "–"
    return f"{_ms(figures.echo_p50)} / {_ms(figures.echo_p95)}"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"
