"""The services are ones that systemd accepts, and they may do little."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "deploy/systemd"
SERVICES = ("voicedemo.service", "voicedemo-probe.service", "voicedemo-probe@.service")
EXPOSURE = 20
"""Of 100, as systemd rates it. Without any limits a service has 96."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


@pytest.fixture(params=SERVICES)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit, with a Python that exists here; of a template, one of its instances."""
    text = (FOLDER / request.param).read_text()
    copy = tmp_path / request.param.replace("@", "@direct")
    copy.write_text(text.replace("/opt/voicedemo/.venv/bin/python", sys.executable))
    return copy


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_accepts_the_unit(unit: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_accepts_the_timer(tmp_path: Path) -> None:
    for name in ("voicedemo-probe@.timer", "voicedemo-probe@.service"):
        text = (FOLDER / name).read_text()
        copy = tmp_path / name.replace("@", "@direct")
        copy.write_text(text.replace("/opt/voicedemo/.venv/bin/python", sys.executable))
    timer = tmp_path / "voicedemo-probe@direct.timer"
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(timer))
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_service_may_do_little(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(unit))
    assert done.returncode == 0, done.stdout[-600:]


def test_the_upgrade_is_a_script_that_bash_can_read() -> None:
    done = subprocess.run(["bash", "-n", str(FOLDER.parent / "upgrade.sh")], check=False)
    assert done.returncode == 0
