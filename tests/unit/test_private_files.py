"""The installation's key and its database are for the server's own user."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.e2e.server import ROOT
from voicedemo.claim import Claim
from voicedemo.private_files import keep_from_others, own_secret_key

pytestmark = pytest.mark.unit

STARTERS = 8


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    for number in range(20):
        path, together = tmp_path / str(number), Barrier(STARTERS)

        def start(path: Path = path, together: Barrier = together) -> str:
            together.wait()
            return own_secret_key(path)

        with ThreadPoolExecutor(STARTERS) as pool:
            keys = {start.result() for start in [pool.submit(start) for _ in range(STARTERS)]}
        assert keys == {path.read_text()} and len(path.read_text()) > 50
        assert mode(path) == 0o600
    assert len(list(tmp_path.iterdir())) == 20


def test_the_database_of_a_new_installation_can_be_read_by_its_user_alone(tmp_path: Path) -> None:
    var = tmp_path / "var"
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={"VOICEDEMO_VAR_DIR": str(var), "VOICEDEMO_ENV_FILE": "", "PATH": ""},
        umask=0o022,
        check=True,
    )
    assert mode(var) == 0o700
    assert mode(var / "db.sqlite3") == mode(var / "secret_key") == 0o600


def test_an_older_database_is_kept_from_all_others_but_the_group_keeps_its_rights(
    tmp_path: Path,
) -> None:
    database = tmp_path / "db.sqlite3"
    database.touch()
    database.chmod(0o664)
    keep_from_others(database)
    assert mode(database) == 0o660
    keep_from_others(tmp_path / "no-such-folder" / "db.sqlite3")


def test_a_process_knows_whether_another_has_its_name_and_can_wait_for_its_end(
    tmp_path: Path,
) -> None:
    first, other = Claim(tmp_path, "worker-1"), Claim(tmp_path, "worker-2")
    assert first.is_mine and other.is_mine
    second = Claim(tmp_path, "worker-1")
    assert not second.is_mine
    first.give_back()  # as when a process ends
    second.wait()
    assert second.is_mine
    assert second.exchange("of the second") == ""
    assert second.exchange("and more") == "of the second"
    second.give_back()
    other.give_back()
