"""The lock files have what the requirements ask for, with hashes, and pip installs from them.

`make lock` writes them. Nothing here needs a network.
"""

import json
import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply.lock import LOCKS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]


@dataclass
class Locked:
    """A package in a lock. A marker may give platforms different versions."""

    versions: set[str] = field(default_factory=set)
    hashes: list[str] = field(default_factory=list)
    asked_for_by: set[str] = field(default_factory=set)


def lock(name: str) -> dict[str, Locked]:
    found: dict[str, Locked] = {}
    for line in (ROOT / f"{name}.lock").read_text().splitlines():
        if entry := re.match(r"([\w.-]+)==(\S+)", line):
            package = found.setdefault(canonicalize_name(entry[1]), Locked())
            package.versions.add(entry[2])
        elif entry := re.match(r"    --hash=(sha256:[0-9a-f]{64})", line):
            package.hashes.append(entry[1])
        elif entry := re.match(r"    #(?: via)? +(\S.*)", line):
            package.asked_for_by.add(entry[1])
        else:
            assert line == "    # via", line
    return found


def asked_for(name: str) -> dict[str, str]:
    """The packages and versions in a file of requirements, without those it includes."""
    text = (ROOT / f"{name}.txt").read_text()
    pinned = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if line and line[0] not in "#-"]
    assert len(lines) == len(pinned), "every requirement has one exact version"
    return {canonicalize_name(package): version for package, version in pinned}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_in_step_with_its_requirements(name: str) -> None:
    locked, asked = lock(name), asked_for(name)
    assert {package: locked[package].versions for package in asked} == {
        package: {version} for package, version in asked.items()
    }
    direct = {
        package for package, found in locked.items() if f"-r {name}.txt" in found.asked_for_by
    }
    assert direct == set(asked), "run make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes(name: str) -> None:
    locked = lock(name)
    assert locked
    assert [package for package, found in locked.items() if not found.hashes] == []


@pytest.mark.parametrize("folder", ["", "tests/observatory"])
def test_every_npm_package_has_a_hash_and_one_version(folder: str) -> None:
    asked = json.loads((ROOT / folder / "package.json").read_text())["devDependencies"]
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    for path, package in packages.items():
        assert not path or package["integrity"].startswith("sha512-"), path
    locked = {name: packages[f"node_modules/{name}"]["version"] for name in asked}
    assert locked == asked, "every package has one exact version, and npm has locked that one"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_registry(name: str) -> None:
    text = (ROOT / f"{name}.lock").read_text()
    assert "://" not in text
    assert not re.search(r"^--?[a-z]", text, re.MULTILINE)


def test_what_is_tested_is_what_runs() -> None:
    tested = lock("requirements-dev")
    for package, found in lock("requirements").items():
        assert tested[package].versions == found.versions, package


def test_nothing_that_a_package_needs_is_missing() -> None:
    locked = lock("requirements-dev")
    missing = []
    for package in locked:
        try:
            needed = map(Requirement, requires(package) or [])
        except PackageNotFoundError:
            continue  # it is for another platform
        missing += [
            f"{package} needs {one}"
            for one in needed
            if (one.marker is None or one.marker.evaluate({"extra": ""}))
            and canonicalize_name(one.name) not in locked
        ]
    assert missing == []


def test_the_makefile_installs_from_the_locks_alone() -> None:
    text = (ROOT / "Makefile").read_text()
    (install,) = re.findall(r"^INSTALL := (.*)$", text, re.MULTILINE)
    assert "--require-hashes" in install
    assert text.count("pip install") == 1
    assert set(re.findall(r"\$\(INSTALL\) -r (\S+?);?(?:\s|$)", text)) == {
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-node.lock",
    }
