"""Files that only the user who runs the server may read."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def own_secret_key(path: Path) -> str:
    """Return this installation's own key, for when none is set. It is made once and kept.

    Two processes that start at the same time get the same key: one of them makes the file, which
    has its content as soon as it has its name.
    """
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as made:
            made.write(secrets.token_urlsafe(50))
            made.flush()
            with suppress(FileExistsError):  # the other process was first
                os.link(made.name, path)
    return path.read_text()


def keep_from_others(path: Path) -> None:
    """Create the file if it does not exist; take away what rights all other users have to it.

    Nothing happens if the folder does not exist, or if the file belongs to another user.
    """
    if not path.parent.is_dir():
        return
    if not path.exists():
        path.touch(mode=0o600)
    elif path.stat().st_uid == os.geteuid():
        path.chmod(path.stat().st_mode & 0o770)
