"""Joins the modules of a page's script into one file.

A phone on slow 4G waits a round trip for each level of imports (docs/browsers.md#six-connections).
So a page's modules are separate in the source, and the page loads one file.
"""

import re
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from posixpath import dirname, join, normpath

ENTRIES = ("js/main.js", "js/selftest/main.js", "js/stand/main.js")
"""The first script of each page, as names of static files."""

Read = Callable[[str], str]

IMPORT = re.compile(r"^import (?:\* as (\w+)|\{([^}]*)\}) from '(\.[^']+)';$", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
FROM_ELSEWHERE = re.compile(r"^(?:import\b|export\b.*\bfrom\b).*", re.MULTILINE)
UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class ScriptError(ValueError):
    """A module uses a form of import or export that :func:`joined` does not know."""


def modules(read: Read, entry: str) -> tuple[str, ...]:
    """Return the names of all modules that a script imports, each after its own imports.

    The script itself is last.

    :param read: returns the text of a static file.
    :raises ScriptError: if modules import each other in a circle.
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
        raise ScriptError(f"these modules import each other: {', '.join(exc.args[1])}") from exc


def joined(read: Read, entry: str) -> str:
    """Join a script and its imports into one module with the same effect and exports.

    Each imported module becomes a function that is called once and returns its exports.

    :raises ScriptError: if a module uses another form of import or export than :data:`IMPORT` and
        :data:`EXPORT`, or two modules would get the same name.
    """
    *imported, last = names = modules(read, entry)
    if len({*map(_namespace, names)}) < len(names):
        raise ScriptError(f"two modules have the same joined name: {', '.join(names)}")
    functions = [_function(name, read(name)) for name in imported]
    return "\n".join([*functions, _bound(last, read(last))])


def _function(name: str, source: str) -> str:
    exports = ", ".join(EXPORT.findall(source))
    body = EXPORT.sub("", _bound(name, source))
    if unknown := UNKNOWN.search(body):
        raise ScriptError(f"{name}: {unknown[0]}")
    return f"const {_namespace(name)} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"


def _bound(name: str, source: str) -> str:
    """Return a module's text. Its imports are taken from the functions before it."""

    def bind(found: re.Match[str]) -> str:
        whole, names, path = found.groups()
        return f"const {whole or _picked(names)} = {_namespace(_target(name, path))};"

    bound = IMPORT.sub(bind, source)
    if unknown := FROM_ELSEWHERE.search(bound):
        raise ScriptError(f"{name}: {unknown[0]}")
    return bound


def _picked(names: str) -> str:
    """Turn ``{ a, b as c }`` of an import into a destructuring pattern."""
    return "{" + re.sub(r"\bas\b", ":", names) + "}"


def _target(importer: str, path: str) -> str:
    return normpath(join(dirname(importer), path))


def _namespace(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name)
