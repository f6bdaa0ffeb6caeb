"""Writes the lock files: ``python -m tests.supply.lock [package …]``.

Each ``requirements*.lock`` has the versions and hashes of everything that ``requirements*.txt`` of
the same name asks for, on every platform and version of Python. Versions stay what they are, but
for the packages that are named.
"""

import subprocess
import sys
from typing import Final

from .tools import ROOT, program

OLDEST_PYTHON: Final = "3.11"
LOCKS: Final = ("requirements", "requirements-dev", "requirements-node", "requirements-supply")


def main(upgraded: list[str]) -> None:
    for name in LOCKS:
        command = [
            str(program("uv")), "pip", "compile", "--quiet", "--universal", "--generate-hashes",
            "--no-header", f"--python-version={OLDEST_PYTHON}",
            *(f"--upgrade-package={package}" for package in upgraded),
            f"{name}.txt", f"--output-file={name}.lock",
        ]  # fmt: skip
        if name == "requirements-dev":  # what runs is what was tested
            command.append("--constraints=requirements.lock")
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
