"""Every promise in docs/security.md and docs/reliability.md names a test that exists."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
HEADER = ["asset", "attacker and attack", "what we do", "test"]


class Row(NamedTuple):
    asset: str
    attack: str
    answer: str
    tests: str


def rows(text: str) -> list[Row]:
    """The rows of all threat tables, which are known by their header.

    :raises AssertionError: if a row has more or fewer columns than the header.
    """
    found, inside = [], False
    for line in text.splitlines():
        columns = [column.strip() for column in line.strip("| ").split(" | ")]
        if not line.startswith("|"):
            inside = False
        elif columns == HEADER:
            inside = True
        elif inside and not re.fullmatch(r"[|-]+", line):
            assert len(columns) == len(HEADER), line
            found.append(Row(*columns))
    return found


def named(row: Row) -> list[str]:
    return re.findall(r"`([^`]+)`", row.tests)


@cache
def known_tests(path: str) -> frozenset[str]:
    """The tests and test classes of a file, as pytest spells them after the file's name.

    A state machine of hypothesis is a name that is bound at the top. In JavaScript a test is
    called by its sentence.
    """
    text = (ROOT / path).read_text()
    if path.endswith(".js"):
        return frozenset(re.findall(r"^\s*test\('(.+?)',", text, re.MULTILINE))
    tree = ast.parse(text)
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ClassDef):
            found.add(node.name)
            found |= {f"{node.name}::{inner}" for inner in _functions(node.body)}
    names = found | set(_functions(tree.body))
    return frozenset(name for name in names if name.rpartition("::")[2].lower().startswith("test"))


def _functions(body: list[ast.stmt]) -> list[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node.name for node in body if isinstance(node, kinds)]


def unknown(rows: list[Row]) -> list[str]:
    """The tests that rows name and that do not exist; and the rows that name none."""
    wrong = [f"no test: {row.attack}" for row in rows if not named(row)]
    for test in (test for row in rows for test in named(row)):
        path, _, name = test.partition("::")
        if not (ROOT / path).is_file() or name not in known_tests(path):
            wrong.append(test)
    return wrong


def test_every_promise_names_a_test_that_exists() -> None:
    promises = rows((ROOT / "docs/security.md").read_text())
    assert len(promises) > 30
    assert unknown(promises) == []


def test_every_failure_in_reliability_names_a_test_that_exists() -> None:
    text = (ROOT / "docs/reliability.md").read_text()
    named = re.findall(r"\| (`tests/[^|]+`) \|$", text, re.MULTILINE)
    assert len(named) > 8
    assert unknown([Row("", "", "", tests) for tests in named]) == []


def test_no_promise_is_made_twice() -> None:
    attacks = [(row.asset, row.attack) for row in rows((ROOT / "docs/security.md").read_text())]
    assert len(attacks) == len(set(attacks))


@pytest.mark.parametrize(
    "tests",
    [
        "by hand",
        "`tests/unit/test_gone.py::test_it`",
        "`tests/unit/test_security_docs.py::test_it`",
        "`tests/unit/test_security_docs.py`",
        "`tests/unit/test_security_docs.py::rows`",
    ],
)
def test_a_promise_without_a_test_is_noticed(tests: str) -> None:
    assert unknown([Row("a", "b", "c", tests)]) != []


def test_a_row_that_lacks_a_column_is_noticed() -> None:
    table = "| asset | attacker and attack | what we do | test |\n|---|---|---|---|\n| a | b | c |"
    with pytest.raises(AssertionError):
        rows(table)
