"""The pages' scripts: which modules one is made of, and all of them in one file.

A phone on slow 4G waits a round trip for every module that another one imports, and a browser opens
at most six HTTP/1.1 connections; so a page's modules stay apart in the source, and travel as one.
"""

import re
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from posixpath import dirname, join, normpath

ENTRIES = ("js/main.js", "js/selftest/main.js", "js/stand/main.js")
"""What the pages begin with, among the static files."""

Read = Callable[[str], str]

IMPORT = re.compile(r"^import (?:\* as (\w+)|\{([^}]*)\}) from '(\.[^']+)';$", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
FROM_ELSEWHERE = re.compile(r"^(?:import\b|export\b.*\bfrom\b).*", re.MULTILINE)
UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class ScriptError(ValueError):
    """A module is written in a way that :func:`joined` does not know."""


def modules(read: Read, entry: str) -> tuple[str, ...]:
    """Names of the modules that this one is made of, itself the last.

    :param read: gives a static file's text for its name.
    :raises ScriptError: some of them import each other in a circle.
    """
    imports: dict[str, list[str]] = {}
    found = [entry]
    while found:
        name = found.pop()
        if name not in imports:
            imports[name] = [_target(name, path) for *_, path in IMPORT.findall(read(name))]
            found += imports[name]
    try:
        return tuple(TopologicalSorter(imports).static_order())
    except CycleError as exc:
        raise ScriptError(f"a circle of imports: {', '.join(exc.args[1])}") from exc


def joined(read: Read, entry: str) -> str:
    """One module that does, and exports, what this one does with all that it imports.

    Each of the imported becomes a function that is called once and returns what is exported.

    :raises ScriptError: one of them says more of an import or export than is known here.
    """
    *imported, last = names = modules(read, entry)
    if len({*map(_namespace, names)}) < len(names):
        raise ScriptError(f"two names of these are one: {', '.join(names)}")
    return "\n".join([*(_room(name, read(name)) for name in imported), _bound(last, read(last))])


def _room(name: str, source: str) -> str:
    exports = ", ".join(EXPORT.findall(source))
    body = EXPORT.sub("", _bound(name, source))
    if unknown := UNKNOWN.search(body):
        raise ScriptError(f"{name}: {unknown[0]}")
    return f"const {_namespace(name)} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"


def _bound(name: str, source: str) -> str:
    """The same, with its imports taken from the rooms before it."""

    def bind(found: re.Match[str]) -> str:
        whole, names, path = found.groups()
        return f"const {whole or _picked(names)} = {_namespace(_target(name, path))};"

    bound = IMPORT.sub(bind, source)
    if unknown := FROM_ELSEWHERE.search(bound):
        raise ScriptError(f"{name}: {unknown[0]}")
    return bound


def _picked(names: str) -> str:
    """``{ a, b as c }`` of an import, as a pattern."""
    return "{" + re.sub(r"\bas\b", ":", names) + "}"


def _target(importer: str, path: str) -> str:
    return normpath(join(dirname(importer), path))


def _namespace(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name)
