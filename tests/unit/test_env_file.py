"""Settings from a file, which the server and the doctor both read."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voicedemo import checks

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
SHOW = """
import json
from voicedemo import settings
print(json.dumps([settings.PORT, settings.VOICEDEMO_NAME, sorted(settings.ENV_FILE_NAMES)]))
"""


def read(file: Path, tmp_path: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a process that prints some settings as JSON."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("VOICEDEMO_")}
    known = {"VOICEDEMO_VAR_DIR": str(tmp_path), "VOICEDEMO_ENV_FILE": str(file)}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env={**plain, **known, **environment},
        capture_output=True,
        text=True,
    )


def test_settings_come_from_the_file_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("# of this machine\nPORT=8123\nVOICEDEMO_NAME='Acme & Sons'\n")
    names = ["PORT", "VOICEDEMO_NAME"]
    assert json.loads(read(file, tmp_path).stdout) == [8123, "Acme & Sons", names]
    assert json.loads(read(file, tmp_path, PORT="9000").stdout) == [9000, "Acme & Sons", names]


def test_a_file_that_was_asked_for_has_to_be_there(tmp_path: Path) -> None:
    assert "there is no file" in read(tmp_path / "nowhere", tmp_path).stderr


def test_an_unknown_setting_in_the_file_is_named(settings: Any) -> None:
    settings.ENV_FILE_NAMES = frozenset({"VOICEDEMO_COLOUR", "OTHER", "VOICEDEMO_COLOR"})
    (problem,) = checks.unknown_names(None)
    assert "VOICEDEMO_COLOUR" in problem.msg


def test_the_tests_read_no_personal_settings_file(settings: Any) -> None:
    assert settings.ENV_FILE is None


def test_a_secret_that_is_set_twice_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a" * 50)
    file = tmp_path / "settings"
    file.write_text(f"SECRET_KEY_FILE={tmp_path / 'key'}\n")
    assert read(file, tmp_path).returncode == 0
    refused = read(file, tmp_path, SECRET_KEY="b" * 50)
    assert "SECRET_KEY and SECRET_KEY_FILE are both set" in refused.stderr
