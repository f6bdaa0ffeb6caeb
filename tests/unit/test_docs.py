"""The docs say what the code does: a setting or code without a line in them fails here."""

import re
from pathlib import Path
from typing import get_args

import pytest

from voicedemo.settings import env
from wire import protocol

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]


def backquoted(name: str) -> set[str]:
    return set(re.findall(r"`([^`\s]+)`", (ROOT / "docs" / name).read_text()))


def test_every_setting_is_documented_and_no_other() -> None:
    documented = {
        name for name in backquoted("settings.md") if re.fullmatch(r"[A-Z][A-Z_]+", name)
    } - {"INFO"}
    assert documented == set(env.dump())


def test_every_error_code_is_documented() -> None:
    assert set(get_args(protocol.ErrorCode)) <= backquoted("protocol.md")


def test_every_goodbye_is_documented() -> None:
    assert set(get_args(protocol.ByeReason)) <= backquoted("protocol.md")


def test_the_page_lets_every_voice_be_asked_for_and_no_other() -> None:
    source = (ROOT / "static/js/page/switches.js").read_text()
    (listed,) = re.findall(r"const VOICES = \[(.+)\];", source)
    assert re.findall(r"'(\w+)'", listed) == list(get_args(protocol.Voice))


def test_every_reason_of_the_page_is_documented_and_no_other() -> None:
    source = (ROOT / "static/js/call/reasons.js").read_text()
    codes = set(re.findall(r"^  ([a-z_]+): \{$", source, re.MULTILINE))
    rows = set(
        re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/networks.md").read_text(), re.MULTILINE)
    )
    assert codes
    assert rows == codes
