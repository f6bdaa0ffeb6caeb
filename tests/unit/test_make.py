"""``make clean`` keeps the key that signs printed links."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def clean(folder: Path) -> str:
    shutil.copy(MAKEFILE, folder)
    command = ["make", "-C", str(folder), "clean"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_key_that_signs_printed_links_stays(tmp_path: Path) -> None:
    var = tmp_path / "var"
    (var / "static").mkdir(parents=True)
    for name in ("secret_key", "db.sqlite3", ".hidden", "static/page.js"):
        (var / name).touch()
    (tmp_path / ".venv").mkdir()
    assert "rm -r var" in clean(tmp_path)
    assert {path.name for path in tmp_path.rglob("*")} == {"Makefile", "var", "secret_key"}


def test_without_a_key_nothing_stays(tmp_path: Path) -> None:
    (tmp_path / "var" / "static").mkdir(parents=True)
    assert "secret_key" not in clean(tmp_path)
    assert not (tmp_path / "var").exists()
    clean(tmp_path)
