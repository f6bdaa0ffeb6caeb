"""The product's settings, without the ``.env`` file of whoever runs the tests."""

import os

os.environ["VOICEDEMO_ENV_FILE"] = ""

from voicedemo.settings import *  # noqa: F403
