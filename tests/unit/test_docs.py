"""The docs match the code, and everything that they refer to exists."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import REGISTRY

import calls.metrics  # noqa: F401  (registers the metrics)
from voicedemo.settings import env
from wire import constants, errors, javascript, server
from wire.reasons import Reason

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "tests/natlab/README.md")
)
FOLDERS = (
    "bot|calls|docs|doctor|examples|fleet|locale|pages|signaling|static|templates|tests|voicedemo"
    "|wire"
)
LONGEST_PARAGRAPH = 5
"""Lines."""


def backquoted(name: str) -> set[str]:
    return set(re.findall(r"`([^`\s]+)`", (ROOT / "docs" / name).read_text()))


def test_every_setting_is_documented_and_no_other() -> None:
    documented = {
        name for name in backquoted("settings.md") if re.fullmatch(r"[A-Z][A-Z_]+", name)
    } - {"INFO"}
    assert documented == set(env.dump())


def test_every_error_code_is_documented() -> None:
    assert set(get_args(errors.ErrorCode)) <= backquoted("protocol.md")


def test_every_goodbye_is_documented() -> None:
    assert set(get_args(server.ByeReason)) <= backquoted("protocol.md")


def test_the_page_lets_every_voice_be_asked_for_and_no_other() -> None:
    (listed,) = re.findall(
        r"export const VOICES = .*\(\[(.+)\]\);",
        (ROOT / "static/js/generated/shared.js").read_text(),
    )
    assert re.findall(r"'(\w+)'", listed) == list(get_args(constants.Voice))


def test_every_reason_of_the_page_is_documented_and_no_other() -> None:
    codes = {reason.code for reason in Reason if reason.is_shown}
    rows = set(
        re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/networks.md").read_text(), re.MULTILINE)
    )
    assert codes
    assert rows == codes


def test_every_reason_of_a_row_is_documented() -> None:
    """The text below the table describes the reasons that no page shows."""
    assert {reason.code for reason in Reason} <= backquoted("networks.md")


@pytest.mark.parametrize("name", javascript.FILES)
def test_the_page_has_the_contract_of_the_server(name: str) -> None:
    """`manage.py contract` writes these files from wire/."""
    written = (ROOT / "static/js/generated" / name).read_text()
    assert written == javascript.FILES[name]()


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page: its headings, as GitHub spells them, and explicit ids."""
    text = without_code(page.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return frozenset([*slugs, *re.findall(r'<a id="([^"]+)">', text)])


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    here = ROOT / page
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(here.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        there = (here.parent / target).resolve() if target else here
        assert there.exists(), f"{page} links to {link}"
        assert not anchor or anchor in anchors(there), f"{page} links to {link}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_named_in_the_docs_exists(page: str) -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", without_code((ROOT / page).read_text()))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_architecture_can_be_read_in_ten_minutes() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    assert len(text.splitlines()) <= 150
    prose = re.sub(r"^[|#].*$", "", without_code(text), flags=re.MULTILINE)
    paragraphs = re.split(r"\n\s*\n|\n(?=- |\d+\. )", prose)
    long = [p for p in paragraphs if len(p.strip().splitlines()) > LONGEST_PARAGRAPH]
    assert long == []


def test_the_number_of_bad_networks_is_that_of_the_table() -> None:
    rows = re.findall(r"^\| \d+ \|", (ROOT / "docs/networks.md").read_text(), re.MULTILINE)
    told = [
        (page, int(number))
        for page in PAGES
        for number in re.findall(r"(\d+) bad\s+networks", (ROOT / page).read_text())
    ]
    assert told
    assert [(page, number) for page, number in told if number != len(rows)] == []


def test_the_arithmetic_of_scale_begins_with_what_the_bench_has_measured() -> None:
    text = (ROOT / "docs/scale.md").read_text()
    begins = dict(re.findall(r"^\| calls a core: (.+?) \| (\d+) \|", text, re.MULTILINE))
    bench = (ROOT / "docs/performance.md").read_text()
    measured = dict(re.findall(r"^\| (voicedemo.*?) \| (\d+) \|", bench, re.MULTILINE))
    assert begins == {
        "parrot and echo": measured["voicedemo"],
        "a bot that decodes and encodes": measured["voicedemo, a bot that decodes and encodes"],
        "a bot that only listens": measured["voicedemo, a bot that only listens"],
    }
    assert len(text.splitlines()) <= 120


def test_the_licence_of_every_package_is_listed() -> None:
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    listed = re.findall(r"^\| ([\w.-]+) \|", (ROOT / "THIRD_PARTY.md").read_text(), re.MULTILINE)
    assert set(pinned) <= set(listed)


def test_every_metric_is_documented_and_no_other() -> None:
    families = [m for m in REGISTRY.collect() if m.name.startswith("voicedemo_")]
    exposed = {f"{m.name}_total" if m.type == "counter" else m.name for m in families}
    documented = {name for name in backquoted("operate.md") if name.startswith("voicedemo_")}
    assert exposed
    assert documented == exposed


# The table of browser quirks.


def quirks() -> Iterator[tuple[str, str, str]]:
    """Yield the columns id, where and test of each row."""
    for line in (ROOT / "docs/browsers.md").read_text().splitlines():
        if line.startswith("| <a id="):
            first, _, _, _, where, test = line.strip("| ").split(" | ")
            found = re.fullmatch(r'<a id="([a-z0-9-]+)"></a>([a-z0-9-]+)', first)
            assert found and found[1] == found[2], first
            yield found[1], where, test


def test_every_quirk_has_an_id_of_its_own() -> None:
    ids = [name for name, _, _ in quirks()]
    assert ids
    assert len(ids) == len(set(ids))


def test_every_quirk_names_its_file_and_its_test() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for name, where, test in quirks():
        assert re.search(rf"`(?:{FOLDERS})/", where), name
        functions = re.findall(r"`(test_\w+)`", test)
        assert functions or "`tests/" in test or test.startswith("by hand"), name
        assert [f for f in functions if f"def {f}(" not in tests] == [], name


def test_every_quirk_that_the_code_refers_to_has_a_row() -> None:
    code = (
        path.read_text()
        for folder in FOLDERS.split("|")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js", ".css", ".html", ".md")
    )
    asked_for = set(re.findall(r"browsers\.md#([a-z0-9-]+)", "\n".join(code)))
    assert asked_for - {name for name, _, _ in quirks()} == set()
