"""Neither the database of an earlier version nor several starts at once stop this one."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import Postgres

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
OF_0_1 = """
CREATE TABLE signaling_call (id char(32) PRIMARY KEY, state, source, created_at);
CREATE INDEX call_state ON signaling_call (state);
CREATE INDEX call_source ON signaling_call (source, created_at);
CREATE TABLE signaling_checkup (code varchar(8) PRIMARY KEY, at datetime);
CREATE INDEX checkup_at ON signaling_checkup (at);
"""
"""The names that version 0.1.0 gave. An index's name is unique in the whole database."""


def test_the_tables_of_0_1_may_be_there(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        database.executescript(OF_0_1)
    environment = {**os.environ, "VOICEDEMO_VAR_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def migrate_at_once(processes: int, **changed: str) -> list[str]:
    """What each of them says when it fails."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    environment = {**os.environ, "VOICEDEMO_ENV_FILE": "", **changed}
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    told = [process.communicate()[1][-500:] for process in started]
    return [why for process, why in zip(started, told, strict=True) if process.returncode]


@pytest.mark.long
def test_processes_that_start_together_migrate_one_after_the_other(tmp_path: Path) -> None:
    assert migrate_at_once(8, DATABASE_URL="", VOICEDEMO_VAR_DIR=str(tmp_path)) == []


@pytest.mark.long
def test_machines_that_start_together_migrate_one_after_the_other(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path)
    try:
        var = str(tmp_path / "var")
        assert migrate_at_once(8, DATABASE_URL=postgres.url, VOICEDEMO_VAR_DIR=var) == []
        assert migrate_at_once(2, DATABASE_URL=postgres.url, VOICEDEMO_VAR_DIR=var) == []
    finally:
        postgres.stop()
