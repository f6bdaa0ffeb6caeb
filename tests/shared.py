"""Files that are made once in a test run and shared by all its processes.

The pytest process that starts a run names the folder in the environment; its workers, and the
processes that they start, inherit the name.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

VARIABLE = "TESTS_SHARED_FOLDER"


def folder() -> Path:
    """The run's folder. The process that creates it removes it at exit."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = created = tempfile.mkdtemp(prefix="voicedemo-tests-")
        atexit.register(shutil.rmtree, created, ignore_errors=True)
    return Path(os.environ[VARIABLE])


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the path ``name`` in the run's folder; the first process that asks makes it.

    :param make: is called with a path to write to, a file or a folder, which does not exist yet.
    """
    path = folder() / name
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished = folder() / f"{name}.unfinished"
            make(unfinished)
            unfinished.rename(path)
    return path
