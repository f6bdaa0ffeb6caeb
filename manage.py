#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys

import uvloop
from environs import EnvError


def main() -> None:
    # Before Daphne makes its reactor, which takes the loop of whatever policy there is.
    uvloop.install()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voicedemo.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except EnvError as exc:
        sys.exit(f"{exc}. docs/settings.md says what each may be.")


if __name__ == "__main__":
    main()
