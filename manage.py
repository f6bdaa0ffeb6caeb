#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys

import uvloop
from environs import EnvError


def main() -> None:
    # This has to come before Daphne creates its reactor, which takes its loop from this policy.
    uvloop.install()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voicedemo.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except EnvError as exc:
        sys.exit(f"{exc}. docs/settings.md describes every setting.")


if __name__ == "__main__":
    main()
