"""Make virtual environments for programs that need other packages than the product."""

import fcntl
import subprocess
import sys
import venv
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
    stamp = folder / "installed.txt"
    wanted = "\n".join([sys.version, *(file.read_text() for file in requirements)])
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            print(f"installing {name} into {folder}", file=sys.stderr, flush=True)
            venv.create(folder, with_pip=True, clear=True)
            pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
            files = [argument for file in requirements for argument in ("-r", str(file))]
            subprocess.run([*pip, *files], check=True)
            stamp.write_text(wanted)
    return folder / "bin" / "python"
