"""The docs say what the code does: a setting or code without a line in them fails here."""

import re
from pathlib import Path
from typing import get_args

import pytest

from voicedemo.settings import env
from wire import constants, errors, javascript, server
from wire.reasons import Reason

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
    assert set(get_args(errors.ErrorCode)) <= backquoted("protocol.md")


def test_every_goodbye_is_documented() -> None:
    assert set(get_args(server.ByeReason)) <= backquoted("protocol.md")


def test_the_page_lets_every_voice_be_asked_for_and_no_other() -> None:
    (listed,) = re.findall(
        r"export const VOICES = \[(.+)\];", (ROOT / "static/js/generated/shared.js").read_text()
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
    """The reasons that no page shows are in the prose below the table."""
    assert {reason.code for reason in Reason} <= backquoted("networks.md")


@pytest.mark.parametrize("name", javascript.FILES)
def test_the_page_has_the_contract_of_the_server(name: str) -> None:
    """`manage.py contract` writes these files from wire/."""
    written = (ROOT / "static/js/generated" / name).read_text()
    assert written == javascript.FILES[name]()
