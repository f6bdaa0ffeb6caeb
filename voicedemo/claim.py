"""One server at a time has a folder, and knows which one had it before."""

import fcntl
from pathlib import Path


class Claim:
    """A claim on a folder, until this process ends, however it ends.

    :param folder: the server's folder for data.
    :param inbox: the name of this server's inbox, which the next server in the folder will read.

    :ivar file: is locked while it is open.
    :ivar is_first: whether this is the only server in the folder.
    :ivar predecessor: the inbox of the server that had the folder before, which is dead; empty if
        there was none, or if another server has the folder.
    """

    def __init__(self, folder: Path, inbox: str) -> None:
        self.file = (folder / "serving").open("a+")
        self.predecessor = ""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.is_first = False
            return
        self.is_first = True
        self.file.seek(0)
        self.predecessor = self.file.read().strip()
        self.file.truncate(0)
        self.file.write(inbox)
        self.file.flush()
