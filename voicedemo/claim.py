"""Locks in the server's folder, which last until their processes end, however they end."""

import fcntl
import os
from pathlib import Path


class Claim:
    """The claim of a process on a name in a folder.

    :param folder: the server's folder for data.

    :ivar is_mine: whether no other process has the name.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._descriptor = os.open(folder / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.is_mine = True
        except BlockingIOError:
            self.is_mine = False

    def wait(self) -> None:
        """Wait until the other process has ended, however long that takes."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self.is_mine = True

    def exchange(self, text: str) -> str:
        """Leave a text for the next process that has this name, and return that of the last one."""
        last = os.pread(self._descriptor, 1000, 0).decode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)
        return last

    def left_by_holder(self) -> str:
        """The text of the process that has the name now."""
        return os.pread(self._descriptor, 1000, 0).decode()

    def give_back(self) -> None:
        os.close(self._descriptor)
