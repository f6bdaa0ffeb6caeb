"""What `manage.py probe` tells, and where."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from aioice.candidate import Candidate
from prometheus_client.parser import text_string_to_metric_families

from doctor.probe import faults, report
from doctor.probe.metrics import Metrics
from doctor.probe.run import Outcome
from doctor.probe.ways import Way, fits

pytestmark = pytest.mark.unit

STAGES = {"page": 0.1, "answer": 0.02, "connected": 0.1, "heard": 0.2, "restart": 0.05}


def good(way: Way = "direct") -> Outcome:
    return Outcome(way, None, dict(STAGES), seconds=1.2, cpu_s=0.06)


def bad(error: faults.ProbeError, way: Way = "direct") -> Outcome:
    return Outcome(way, error.fault, {"page": 0.1}, seconds=2.0, cpu_s=0.05)


def samples(path: Path) -> dict[tuple[str, ...], float]:
    """Every sample of a textfile: its name and labels, and its value."""
    return {
        (
            sample.name.removeprefix("voicedemo_probe_"),
            sample.labels.pop("way"),
            *sample.labels.values(),
        ): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


def test_a_good_call_is_one_line() -> None:
    told = report.as_text(good())
    assert told == "✓ direct   heard the echo after 0.20 s, and after an ICE restart of 0.05 s"


def test_a_bad_call_is_a_sentence_and_a_step() -> None:
    told = report.as_text(bad(faults.redis_away(), "ice-tcp"))
    assert told.splitlines() == [
        "✗ ice-tcp  The server cannot reach Redis.",
        "           → Start Redis, and check that REDIS_URL leads to it.",
    ]


def test_json_is_one_line_with_the_cost() -> None:
    (line,) = report.as_json(bad(faults.busy())).splitlines()
    told = json.loads(line)
    assert (told["ok"], told["fault"], told["cpu_s"]) == (False, "busy", 0.05)


def test_the_textfile_has_the_newest_call_of_each_way(tmp_path: Path) -> None:
    metrics, path = Metrics(), tmp_path / "probe.prom"
    metrics.take(good())
    metrics.take(bad(faults.busy(), "tls"))
    metrics.write(path)
    first = samples(path)
    assert first["up", "direct"] == 1
    assert first["stage_seconds", "direct", "heard"] == 0.2
    assert first["fault", "tls", "busy"] == 1
    metrics.take(bad(faults.redis_away()))
    metrics.take(good("tls"))
    metrics.write(path)
    then = samples(path)
    assert (then["up", "direct"], then["up", "tls"]) == (0, 1)
    assert {key for key in then if key[0] == "fault"} == {("fault", "direct", "redis")}
    assert ("stage_seconds", "direct", "heard") not in then
    assert list(tmp_path.iterdir()) == [path]


def candidate(transport: str, kind: str) -> Candidate:
    return Candidate("1", 1, transport, 1, "192.0.2.1", 5000, kind)


@pytest.mark.parametrize(
    ("way", "kept"),
    [
        ("direct", ["udp host", "udp srflx"]),
        ("udp", ["udp host", "udp srflx", "udp relay"]),
        ("ice-tcp", ["tcp host"]),
    ],
)
def test_a_way_keeps_the_candidates_that_belong_to_it(way: Way, kept: list[str]) -> None:
    kinds = ["udp host", "udp srflx", "udp relay", "tcp host"]
    assert [kind for kind in kinds if fits(candidate(*kind.split()), way)] == kept


def test_every_fault_is_documented_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs/probe.md").read_text()
    rows = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    names = {family.name for family in Metrics().registry.collect()}
    assert rows == {*get_args(faults.Code), *names}
