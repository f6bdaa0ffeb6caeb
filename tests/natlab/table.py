"""Try all networks side by side and write the table in ``docs/networks.md``."""

import re
from concurrent.futures import Future
from typing import Any

from tests.e2e.server import ROOT

from .jobs import Job, Work, under_way
from .profiles import PROFILES, Profile

PAGE = ROOT / "docs" / "networks.md"
BEGIN, END = "<!-- python -m tests.natlab table -->", "<!-- end of the table -->"
HEAD = (
    "| | network | proven | Chromium | first audio | way | gaps > 100 ms | packets that came "
    "| like what was said | Firefox | stock aiortc |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|\n"
)
WORK: tuple[Work, ...] = ("proof", "chromium", "firefox", "stock")


def write_table(at_once: int, only: list[str]) -> None:
    """Try these networks, or all if none is named, and put their rows into the page."""
    profiles = [profile for profile in PROFILES if not only or profile.name in only]
    jobs = [Job(profile.name, work) for profile in profiles for work in WORK]
    with under_way(jobs, at_once) as futures:
        rows = {profile.number: _row(profile, futures) for profile in profiles}
    before, table, after = re.split(f"{re.escape(BEGIN)}|{re.escape(END)}", PAGE.read_text())
    known = {int(row.split("|")[1]): row for row in re.findall(r"^\| \d.*", table, re.MULTILINE)}
    whole = HEAD + "\n".join(row for _, row in sorted((known | rows).items()))
    PAGE.write_text(f"{before}{BEGIN}\n{whole}\n{END}{after}")
    print("\n".join(rows.values()))


def _row(profile: Profile, futures: dict[Job, Future[Any]]) -> str:
    proof, chromium, firefox, stock = (futures[Job(profile.name, work)].result() for work in WORK)
    gaps = chromium["gaps"]
    is_proven = all(expected == found for _, expected, found in proof)
    likeness = chromium["likeness"]
    cells = [
        str(profile.number),
        profile.about,
        "✓" if is_proven else "✗",
        _verdict(chromium),
        _seconds(chromium["first_audio_ms"]),
        chromium["way"] if profile.way != "none" else f"“{chromium['said'][-1]}”",
        f"{len(gaps)}, at most {max(gaps) / 1000:.1f} s" if gaps else "none",
        f"{chromium['arrived']:.0%}" if chromium["first_audio_ms"] else "–",
        "–" if likeness is None else f"{likeness:.2f}",
        _verdict(firefox),
        _verdict(stock) + _first(stock),
    ]
    return f"| {' | '.join(cells)} |"


def _verdict(trial: dict[str, Any]) -> str:
    missed = [what for what, expected, found in trial["claims"] if expected != found]
    return f"✗ not: {'; '.join(missed)}" if missed else "✓"


def _first(trial: dict[str, Any]) -> str:
    return f", {_seconds(trial['first_audio_ms'])}" if trial["first_audio_ms"] else ""


def _seconds(ms: float | None) -> str:
    return "–" if ms is None else f"{ms / 1000:.2f} s"
