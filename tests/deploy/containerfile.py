"""Reads a Containerfile, and the list of what its build leaves out, as far as ours use them.

What the reader does not know is an error, so that no line of the file is passed over.
"""

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction, such as ``RUN``, and the rest of its lines as one."""

    keyword: str
    rest: str

    def words(self) -> list[str]:
        """The rest as a list: a JSON list (the exec form), or words as a shell splits them."""
        if self.rest.startswith("["):
            words: list[str] = json.loads(self.rest)
            return words
        return shlex.split(self.rest)


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Containerfile."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            keyword, _, rest = line.strip().partition(" ")
            yield Instruction(keyword, rest.strip())


@dataclass(frozen=True)
class Shell:
    """A ``RUN``: a line for the shell, and the folders that are kept from one build to the next."""

    line: str
    caches: tuple[str, ...]

    @classmethod
    def of(cls, rest: str) -> "Shell":
        caches = []
        while found := re.match(r"--mount=type=cache,target=(\S+)\s+", rest):
            caches.append(found[1])
            rest = rest[found.end() :]
        if rest.startswith(("-", "[")):
            raise ValueError(f"RUN {rest}: the reader does not know this form")
        return cls(rest, tuple(caches))


class Ignored:
    """What a build does not get of its folder: the rules of ``.containerignore``.

    :param text: of the file. The last rule that fits a path, or a folder above it, counts.
    """

    def __init__(self, text: str) -> None:
        lines = (line.strip() for line in text.splitlines())
        rules = [line for line in lines if line and not line.startswith("#")]
        if deep := [rule for rule in rules if re.match(r"!.+/", rule)]:
            raise ValueError(f"{deep}: the reader knows only exceptions at the top")
        self._rules = [(rule.startswith("!"), _pattern(rule.lstrip("!"))) for rule in rules]

    def __contains__(self, path: str) -> bool:
        paths = [path, *map(str, Path(path).parents)][:-1]
        ignored = False
        for is_exception, pattern in self._rules:
            if any(pattern.fullmatch(one) for one in paths):
                ignored = not is_exception
        return ignored

    def files(self, folder: Path) -> Iterator[str]:
        """Yield the files in a folder that a build gets, as paths relative to it."""
        for place, folders, names in os.walk(folder):
            here = Path(place).relative_to(folder)
            folders[:] = [name for name in folders if str(here / name) not in self]
            yield from (str(here / name) for name in names if str(here / name) not in self)


def _pattern(rule: str) -> re.Pattern[str]:
    """A rule as Docker reads it: ``*`` within one name, ``**/`` for any number of folders."""
    parts = re.split(r"(\*\*/|\*)", rule)
    meanings = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(meanings.get(part, re.escape(part)) for part in parts))
