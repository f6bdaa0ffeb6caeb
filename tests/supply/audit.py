"""Asks whether our packages have known holes: ``python -m tests.supply.audit``.

It fails if one has, unless ``audit-allowed.toml`` says why that one may stay. Where the advisories
cannot be reached it says so and does not fail, unless ``AUDIT=strict`` is set.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from .tools import ROOT, npm, program

ALLOWED: Final = ROOT / "audit-allowed.toml"
LOCK: Final = ROOT / "requirements-dev.lock"
"""It holds what runs as well."""


class Hole(NamedTuple):
    package: str
    ids: frozenset[str]
    """Its names: CVE, GHSA, PYSEC."""


class Report(NamedTuple):
    holes: list[Hole]
    unknown: list[str]
    """Packages that the source of advisories does not know, as a mirror without advisories."""


class UnreachableError(Exception):
    """The advisories could not be read. The message says why."""


class AllowanceError(ValueError):
    """An entry of the allow-list is not complete, or its time is over."""


def allowances(text: str, today: date) -> frozenset[str]:
    """Read the allow-list.

    :returns: the ids that are allowed.
    :raises AllowanceError: if an entry has no reason, no end, or one that has passed.
    """
    ids = set()
    for entry in tomllib.loads(text).get("allowed", []):
        name = entry.get("id", "")
        if not name or not str(entry.get("reason", "")).strip():
            raise AllowanceError(f"{name or 'an entry'}: say id and reason")
        if not isinstance(entry.get("until"), date) or entry["until"] < today:
            raise AllowanceError(f"{name}: say until when (a date to come), and look again then")
        ids.add(name)
    return frozenset(ids)


def open_holes(holes: Iterable[Hole], allowed: frozenset[str]) -> list[Hole]:
    return [hole for hole in holes if not hole.ids & allowed]


def python_report(output: str) -> Report:
    """Read the JSON of pip-audit.

    :raises UnreachableError: if it is none.
    """
    try:
        found = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise UnreachableError("pip-audit gave no report") from None
    holes = [
        Hole(package["name"], frozenset([hole["id"], *hole["aliases"]]))
        for package in found
        for hole in package.get("vulns", [])
    ]
    return Report(holes, [package["name"] for package in found if "vulns" not in package])


def npm_report(output: str) -> Report:
    """Read the JSON of ``npm audit``.

    :raises UnreachableError: if it is an error instead of a report.
    """
    try:
        report: Mapping[str, Any] = json.loads(output)
        found = report["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        raise UnreachableError("npm audit gave no report") from None
    holes = [
        Hole(name, frozenset([advisory["url"].rpartition("/")[2]]))
        for name, package in found.items()
        for advisory in package["via"]
        if isinstance(advisory, dict)  # else it is the name of another package
    ]
    return Report(holes, [])


def audit_python() -> Report:
    command = [
        str(program("pip-audit")), "--requirement", str(LOCK), "--require-hashes", "--disable-pip",
        "--format=json", "--progress-spinner=off", "--timeout=30",
    ]  # fmt: skip
    return python_report(subprocess.run(command, capture_output=True, text=True).stdout)


def audit_npm() -> Report:
    return npm_report(npm("audit", "--json").stdout)


def verdict(name: str, report: Report, allowed: frozenset[str], *, strict: bool) -> bool:
    """Print what was found; returns whether that will do."""
    holes = open_holes(report.holes, allowed)
    for hole in holes:
        print(f"{name}: {hole.package} has {', '.join(sorted(hole.ids))}")
    if report.unknown:
        print(f"{name}: NOT AUDITED, no advisories from here: {', '.join(report.unknown)}")
    else:
        print(f"{name}: {len(holes)} known holes")
    return not holes and not (strict and report.unknown)


def main() -> int:
    """Audit everything; returns the exit status."""
    allowed = allowances(ALLOWED.read_text(), date.today())
    strict = os.environ.get("AUDIT") == "strict"
    good = True
    for name, audit in (("Python", audit_python), ("npm", audit_npm)):
        try:
            good &= verdict(name, audit(), allowed, strict=strict)
        except UnreachableError as exc:
            print(f"{name}: NOT AUDITED, the advisories cannot be reached from here ({exc})")
            good &= not strict
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
