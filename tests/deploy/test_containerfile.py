"""The reader of Containerfiles reads as an engine does, and passes over nothing."""

from pathlib import Path

import pytest

from .containerfile import Ignored, Instruction, Shell, instructions

pytestmark = pytest.mark.unit


def test_an_instruction_may_have_several_lines_with_comments_between() -> None:
    text = "# first\nRUN one \\\n # more\n && two\n\nUSER 1:1\n"
    assert list(instructions(text)) == [
        Instruction("RUN", "one && two"),
        Instruction("USER", "1:1"),
    ]


def test_words_are_those_of_a_list_or_of_a_shell() -> None:
    assert Instruction("CMD", '["a b", "c"]').words() == ["a b", "c"]
    assert Instruction("ENV", 'A="" B=c').words() == ["A=", "B=c"]


def test_a_run_names_its_caches() -> None:
    assert Shell.of("--mount=type=cache,target=/a one && two") == Shell("one && two", ("/a",))


@pytest.mark.parametrize("rest", ["--network=none one", '["one"]', "--mount=type=bind,from=x one"])
def test_a_run_of_another_form_is_an_error(rest: str) -> None:
    with pytest.raises(ValueError, match="does not know"):
        Shell.of(rest)


@pytest.mark.parametrize(
    ("path", "is_out"),
    [
        ("kept/a.py", False),
        ("kept/deep/a.py", False),
        ("kept/deep/__pycache__/a.pyc", True),
        ("other/a.py", True),
        ("other/kept/a.py", True),
        (".env", True),
        ("file", False),
        ("file.old", True),
    ],
)
def test_the_last_rule_that_fits_counts(path: str, is_out: bool) -> None:
    assert (path in Ignored("# all but\n*\n!kept\n!file\n**/__pycache__\n")) is is_out


def test_a_build_gets_the_files_that_are_not_left_out(tmp_path: Path) -> None:
    for name in ("kept/a", "kept/__pycache__/b", "other/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(Ignored("*\n!kept\n**/__pycache__").files(tmp_path)) == ["kept/a"]
