"""The schema of a timeline's events is what the code writes, and what the docs say."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from calls.events import KINDS, Kind, table, words

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
UNKNOWN = "**"
"""Stands for fields that are not spelled out where the event is written."""

Written = dict[tuple[str, str], set[str]]
"""The fields that the code gives to a kind, by author and kind."""


def written_in_python(folder: str, author: str) -> Iterator[tuple[str, str, set[str]]]:
    """Yield the events that Python code notes: ``note("kind", field=…)``."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in ("note", "_note") or not node.args:
                continue
            if isinstance(node.args[0], ast.Constant):
                names = {keyword.arg or UNKNOWN for keyword in node.keywords}
                yield author, str(node.args[0].value), names


def written_by_the_page() -> Iterator[tuple[str, str, set[str]]]:
    """Yield the events that scripts note: ``note('kind', { field: … })``."""
    call = (
        r"(?:note|timeline\.add|onEvent)\(\s*'([^']+)'\s*(?:\)|,\s*(?:\{(.*?)\}\s*,?\s*\)|(\w+)))"
    )
    for path in (ROOT / "static/js").rglob("*.js"):
        for kind, fields, variable in re.findall(call, path.read_text(), re.DOTALL):
            names = set(re.findall(r"(?:^|,)\s*(\w+)\s*(?=[:,]|$)", fields.strip()))
            yield "page", kind, {UNKNOWN} if variable else names


def written() -> Written:
    found: Written = defaultdict(set)
    # These two are written where the state of a call and its room are kept.
    found["bot", "state"] = {"state", "reason"}
    found["bot", "events-dropped"] = found["socket", "events-dropped"] = set()
    for author, kind, fields in (
        *written_in_python("bot", "bot"),
        *written_in_python("signaling", "socket"),
        *written_by_the_page(),
    ):
        found[author, kind] |= fields
    return found


def test_every_kind_that_is_written_is_declared_and_no_other() -> None:
    declared = {(author, kind.name) for kind in KINDS for author in kind.authors}
    assert set(written()) == declared


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_fields_of_a_kind_are_those_that_are_written(kind: Kind) -> None:
    fields = set[str]().union(*(written()[author, kind.name] for author in kind.authors))
    assert fields - {UNKNOWN} <= set(kind.fields)
    assert UNKNOWN in fields or fields == set(kind.fields)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_example_has_all_fields_and_the_words_use_them(kind: Kind) -> None:
    assert set(kind.example) == set(kind.fields)
    assert set(re.findall(r"\{(\w+)\}", kind.words)) <= set(kind.fields)
    told = words(kind.name, kind.example)
    assert told and told.isprintable() and "{" not in told


def test_the_docs_have_the_table() -> None:
    """`manage.py contract` writes it."""
    _, _, written_down = (
        (ROOT / "docs/timeline.md").read_text().partition("<!-- manage.py contract -->\n")
    )
    assert written_down == table()
