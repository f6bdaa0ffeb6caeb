"""The database of an earlier version does not stop this one."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

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
