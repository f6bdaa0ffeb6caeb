"""What `make audit` and `make sbom` make of what they are told."""

import json
from datetime import date
from pathlib import Path

import pytest

from tests.supply import audit, sbom

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 26)
PIP_AUDIT = {
    "dependencies": [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "bad", "version": "1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"]}]},
    ]
}
UNKNOWN = {"dependencies": [{"name": "ours", "skip_reason": "Dependency not found on PyPI"}]}
NPM_AUDIT = {
    "vulnerabilities": {
        "parent": {"via": ["bad"]},
        "bad": {"via": [{"url": "https://github.com/advisories/GHSA-1"}]},
    }
}


def entry(**changed: str) -> str:
    fields = {"id": '"CVE-1"', "reason": '"not called"', "until": "2027-01-31", **changed}
    return "[[allowed]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


def test_a_complete_exception_counts() -> None:
    allowed = audit.allowances(entry(), TODAY)
    report = audit.python_report(json.dumps(PIP_AUDIT))
    assert audit.verdict("Python", report, allowed, strict=True)


@pytest.mark.parametrize(
    "changed",
    [{"reason": '""'}, {"reason": '" "'}, {"id": '""'}, {"until": '"later"'}],
)
def test_an_exception_needs_a_reason(changed: dict[str, str]) -> None:
    with pytest.raises(audit.AllowanceError):
        audit.allowances(entry(**changed), TODAY)


def test_an_exception_ends() -> None:
    with pytest.raises(audit.AllowanceError):
        audit.allowances(entry(until="2026-11-25"), TODAY)


def test_our_own_exceptions_are_complete() -> None:
    audit.allowances((ROOT / "audit-allowed.toml").read_text(), date.today())


def test_a_hole_fails_the_audit() -> None:
    for report in (
        audit.python_report(json.dumps(PIP_AUDIT)),
        audit.npm_report(json.dumps(NPM_AUDIT)),
    ):
        assert [hole.package for hole in report.holes] == ["bad"]
        assert not audit.verdict("it", report, frozenset(), strict=False)


def test_what_nobody_knows_fails_only_a_strict_audit(capsys: pytest.CaptureFixture[str]) -> None:
    report = audit.python_report(json.dumps(UNKNOWN))
    assert audit.verdict("Python", report, frozenset(), strict=False)
    assert "NOT AUDITED" in capsys.readouterr().out
    assert not audit.verdict("Python", report, frozenset(), strict=True)


@pytest.mark.parametrize("output", ["", "Traceback", "[]", '{"message": "405 Method Not Allowed"}'])
def test_no_report_is_no_clean_report(output: str) -> None:
    for read in (audit.python_report, audit.npm_report):
        with pytest.raises(audit.UnreachableError):
            read(output)


def test_the_list_of_npm_packages_is_that_of_the_lock() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    listed = sbom.npm_packages(lock)["components"]
    assert len(listed) == len(lock["packages"]) - 1
    biome = next(found for found in listed if found["name"] == "@biomejs/biome")
    assert biome["purl"] == f"pkg:npm/%40biomejs/biome@{biome['version']}"
    assert len(biome["hashes"][0]["content"]) == 128
