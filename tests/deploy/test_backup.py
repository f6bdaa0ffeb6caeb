"""The copy of a database that is in use can be opened, and has its rows."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.unit

A_SELFTEST = (
    "insert into calls_selftest (code, at, network, report) values (?, '2026-11-27', '', '{}')"
)


def manage(var: Path, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {"VOICEDEMO_VAR_DIR": str(var), "VOICEDEMO_ENV_FILE": "", "PATH": "", **settings}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment,
        umask=0o022,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """The folder of a server, with an empty database and a key."""
    assert manage(tmp_path / "var", "migrate").returncode == 0
    return tmp_path / "var"


@pytest.fixture
def server(var: Path) -> Iterator[sqlite3.Connection]:
    """The server's connection to its database."""
    with closing(sqlite3.connect(var / "db.sqlite3", isolation_level=None)) as connection:
        yield connection


def back_up(var: Path, folder: Path) -> Path:
    """Make a copy and return its folder."""
    done = manage(var, "backup", str(folder))
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def codes(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("select code from calls_selftest order by code")
        return [code for (code,) in rows]


def test_the_copy_has_what_was_written_while_a_call_is_writing(
    var: Path, server: sqlite3.Connection, tmp_path: Path
) -> None:
    server.execute(A_SELFTEST, ["kept"])
    server.execute("begin immediate")
    server.execute(A_SELFTEST, ["later"])
    copy = back_up(var, tmp_path / "it's here")
    server.execute("commit")
    assert codes(copy / "db.sqlite3") == ["kept"]
    assert codes(var / "db.sqlite3") == ["kept", "later"]


def test_the_copy_is_for_the_servers_user_alone_and_has_the_key(var: Path, tmp_path: Path) -> None:
    copy = back_up(var, tmp_path / "copies")
    assert (copy / "secret_key").read_text() == (var / "secret_key").read_text()
    modes = {path.stat().st_mode & 0o777 for path in copy.iterdir()}
    assert (copy.stat().st_mode & 0o777, modes) == (0o700, {0o600})


def test_a_database_that_is_not_sqlite_is_refused_with_a_next_step(tmp_path: Path) -> None:
    done = manage(
        tmp_path / "var", "backup", str(tmp_path), DATABASE_URL="postgres://it@nowhere/it"
    )
    assert done.returncode == 1
    assert "pg_dump" in done.stderr
    assert list(tmp_path.glob("20*")) == []
