"""Build a bad network and try the product in it: ``python -m tests.natlab`` (as root)."""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from .jobs import AT_ONCE
from .profiles import BY_NAME, PROFILES
from .table import write_table
from .trial import Bot, attempt, check_up, prove, running, standing


def show(arguments: argparse.Namespace) -> None:
    for profile in PROFILES:
        print(f"{profile.number:2} {profile.name:18} {profile.about}")


def stand(arguments: argparse.Namespace) -> None:
    """Build a network, start the product in it, and open a shell on the phone."""
    profile = BY_NAME[arguments.profile]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with standing(profile, folder) as lab, running("voicedemo", lab, folder):
            print(f"{profile.about}\nThe page: {lab.url}/ — you are on the phone; exit ends it.")
            lab.phone.popen(os.environ.get("SHELL", "/bin/sh")).wait()


def prove_one(arguments: argparse.Namespace) -> None:
    claims = prove(BY_NAME[arguments.profile])
    print(json.dumps([tuple(claim) for claim in claims]))
    sys.exit(not all(claim.holds for claim in claims))


def try_one(arguments: argparse.Namespace) -> None:
    bot: Bot = "stock aiortc" if arguments.stock else "voicedemo"
    trial = attempt(BY_NAME[arguments.profile], arguments.browser, bot)
    print(json.dumps(trial.as_dict()))
    sys.exit(not trial.is_as_expected)


def check_one(arguments: argparse.Namespace) -> None:
    claims = check_up(BY_NAME[arguments.profile], arguments.browser)
    print(json.dumps([tuple(claim) for claim in claims]))
    sys.exit(not all(claim.holds for claim in claims))


def tabulate(arguments: argparse.Namespace) -> None:
    begun = time.monotonic()
    write_table(arguments.at_once, arguments.only)
    print(f"{time.monotonic() - begun:.0f} s")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.natlab", description=__doc__)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("list", help="list the networks").set_defaults(run=show)
    about = {
        "shell": (stand, "build one, start the product in it, and open a shell on its phone"),
        "prove": (prove_one, "print what the lab's own probe finds, as JSON"),
        "try": (try_one, "make a call in it and print what became of it, as JSON"),
        "check": (check_one, "run the page's self-test in it and print what it says, as JSON"),
    }
    for name, (work, text) in about.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("profile", choices=BY_NAME)
        command.set_defaults(run=work)
        if name in ("try", "check"):
            command.add_argument("--browser", choices=("chromium", "firefox"), default="chromium")
        if name == "try":
            command.add_argument("--stock", action="store_true", help="a bare aiortc echo bot")
    table = commands.add_parser("table", help="try them all and write docs/networks.md")
    table.add_argument("--at-once", type=int, default=AT_ONCE, help="calls side by side")
    table.add_argument("only", nargs="*", help="networks; all if none is named")
    table.set_defaults(run=tabulate)
    return parser


if __name__ == "__main__":
    arguments = _parser().parse_args()
    arguments.run(arguments)
