"""The programs that look after our packages. They have an environment of their own."""

import subprocess
from pathlib import Path
from typing import Final

from tests.environments import python_of

ROOT: Final = Path(__file__).parents[2]


def program(name: str) -> Path:
    """The path of a program of ``requirements-supply.lock``, installed if it is not there yet."""
    return python_of("supply", ROOT / "requirements-supply.lock").parent / name


def npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run npm and keep what it says."""
    command = [str(ROOT / ".venv" / "bin" / "npm"), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
