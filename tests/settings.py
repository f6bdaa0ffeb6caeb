"""The product's settings, without the ``.env`` file of whoever runs the tests."""

import os

from tests import shared

os.environ["VOICEDEMO_ENV_FILE"] = ""

from voicedemo.settings import *  # noqa: F403
from voicedemo.settings import DATABASES

# A file, as in production. Threads that share a database in memory also share its locks, for which
# SQLite does not wait.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(shared.folder() / f"{os.getpid()}.sqlite3")}
