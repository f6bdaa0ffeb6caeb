"""The service is one that systemd accepts, and it may do little."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

UNIT = Path(__file__).parents[2] / "deploy/systemd/voicedemo.service"
EXPOSURE = 20
"""Of 100, as systemd rates it. Without any limits a service has 96."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a Python that exists here."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/voicedemo/.venv/bin/python", sys.executable))
    return copy


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_accepts_the_unit(unit: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_service_may_do_little(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(unit))
    assert done.returncode == 0, done.stdout[-600:]


def test_the_upgrade_is_a_script_that_bash_can_read() -> None:
    done = subprocess.run(["bash", "-n", str(UNIT.parents[1] / "upgrade.sh")], check=False)
    assert done.returncode == 0
