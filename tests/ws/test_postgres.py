"""What touches the database, once more on a real PostgreSQL."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres

pytestmark = [pytest.mark.ws, pytest.mark.long]

ROOT = Path(__file__).parents[2]
UNRAISABLE = "pytest.PytestUnraisableExceptionWarning"
TOUCH_IT = (
    "tests/unit/test_admission.py",
    "tests/unit/test_records.py",
    "tests/unit/test_retention.py",
    "tests/unit/test_selftests.py",
    "tests/unit/test_stand.py",
    "tests/unit/test_timeline.py",
    "tests/ws/test_costs.py",
    "tests/ws/test_fleet.py",
    "tests/ws/test_leases.py",
    "tests/ws/test_socket.py",
)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    postgres = Postgres(tmp_path)
    yield postgres
    postgres.stop()


def test_what_touches_the_database_works_on_postgresql(postgres: Postgres) -> None:
    # Not a part of this run of pytest.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    # A thread that ends with its event loop, as in a test, leaves its connection open.
    lenient = ["--reuse-db", "-W", "ignore::ResourceWarning", "-W", f"ignore::{UNRAISABLE}"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *lenient, *TOUCH_IT]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "DATABASE_URL": postgres.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
