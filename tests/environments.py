"""Make environments for programs that need other packages than the product."""

import fcntl
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / "var" / "environments"


def python_of(name: str, *requirements: Path) -> Path:
    """Return the interpreter of an environment in which these requirements are installed.

    The environment is kept, and made anew when a requirement or the version of Python changes.

    :param name: the name of the environment's folder.
    :raises subprocess.CalledProcessError: if pip fails.
    """
    folder = ENVIRONMENTS / name
    wanted = "\n".join([sys.version, *(file.read_text() for file in requirements)])
    with _to_install(name, wanted) as is_due:
        if is_due:
            venv.create(folder, with_pip=True, clear=True)
            pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
            files = [argument for file in requirements for argument in ("-r", str(file))]
            subprocess.run([*pip, *files], check=True)
    return folder / "bin" / "python"


def node() -> Path:
    """Return a Node of the version in ``requirements-node.txt``, whatever the machine has."""
    return python_of("node", ROOT / "requirements-node.lock").parent / "node"


def modules_of(name: str, lock: Path) -> Path:
    """Return a folder in whose ``node_modules`` the packages of a lock are installed.

    None of their scripts is run.

    :param lock: the folder of a ``package.json`` and its ``package-lock.json``.
    :raises subprocess.CalledProcessError: if npm fails.
    """
    folder = ENVIRONMENTS / name
    files = [lock / "package.json", lock / "package-lock.json"]
    with _to_install(name, "\n".join(file.read_text() for file in files)) as is_due:
        if is_due:
            folder.mkdir(exist_ok=True)
            for file in files:
                shutil.copy(file, folder)
            programs = node().parent
            path = f"{programs}:{os.environ['PATH']}"
            options = ["--ignore-scripts", "--loglevel=error", "--no-audit", "--no-fund"]
            command = [str(programs / "npm"), "ci", *options]
            subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=True)
    return folder


@contextmanager
def _to_install(name: str, wanted: str) -> Iterator[bool]:
    """Tell whether an environment has to be installed, and remember it once that is done.

    :param wanted: the text that says what is to be in it.
    """
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    stamp = ENVIRONMENTS / name / "installed.txt"
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_due = not stamp.exists() or stamp.read_text() != wanted
        if is_due:
            print(f"installing {name} into {stamp.parent}", file=sys.stderr, flush=True)
        yield is_due
        if is_due:
            stamp.write_text(wanted)
