"""Secrets from files in place of variables."""

from pathlib import Path

import pytest
from environs import Env, EnvError

from voicedemo.secret_files import secret

pytestmark = pytest.mark.unit

NAME = "VOICEDEMO_COTURN_SECRET"


def read(base: Path) -> str:
    return secret(Env(), NAME, base)


def test_a_file_is_read_in_place_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(tmp_path) == ""
    (tmp_path / "turn").write_text("north-by-northwest\n")
    monkeypatch.setenv(f"{NAME}_FILE", "turn")
    assert read(tmp_path) == "north-by-northwest"
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "turn"))
    assert read(Path("/nowhere")) == "north-by-northwest"


def test_two_values_are_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "turn").write_text("from-a-file")
    monkeypatch.setenv(f"{NAME}_FILE", "turn")
    monkeypatch.setenv(NAME, "from-the-environment")
    with pytest.raises(EnvError, match="both set") as refused:
        read(tmp_path)
    assert "from-" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "No such file"), (b"\n", "is empty"), (b"\xff\xfe", "no text")]
)
def test_a_file_that_holds_no_secret_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "turn").write_bytes(content)
    monkeypatch.setenv(f"{NAME}_FILE", "turn")
    with pytest.raises(EnvError, match=f"{NAME}_FILE: turn .*{problem}"):
        read(tmp_path)
