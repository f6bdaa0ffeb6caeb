"""The page's side of the contract: this package as files for ``static/js/generated/``.

``manage.py contract`` writes them, and a test compares.
"""

import json
from collections.abc import Callable
from typing import Any, Final, get_args

from pydantic import TypeAdapter

from . import constants
from .page import PageMessage
from .reasons import Reason
from .selftest import SelfTestReport
from .selftest_sentences import render_selftest_sentences
from .server import ServerMessage

NOTICE: Final = "Written by `manage.py contract` from wire/. Do not edit."

Schema = dict[str, Any]


def messages() -> str:
    """TypeScript types of every message, from the JSON schemas of the models."""
    page = _types("PageMessage", TypeAdapter(PageMessage).json_schema(mode="validation"))
    server = _types("ServerMessage", TypeAdapter(ServerMessage).json_schema(mode="serialization"))
    report = _types("SelfTestReport", SelfTestReport.model_json_schema(mode="validation"))
    types = page | {name: text for name, text in server.items() if name not in page} | report
    return "\n".join(
        [f"/** {NOTICE} */", "", *(f"export type {n} = {t};" for n, t in types.items())]
    )


def shared() -> str:
    """The constants that the page and the server must agree on."""
    values: dict[str, Any] = {
        "VOICES": get_args(constants.Voice),
        "SILENCE_MS": round(1000 * constants.SILENCE_S),
        "CLOSE_IDLE": constants.CLOSE_IDLE,
        "GRACE_MS": round(1000 * constants.GRACE_S),
        "TICKET_LIFE_MS": 1000 * constants.TICKET_LIFE_S,
        "MAX_REPORT_EVENTS": constants.MAX_REPORT_EVENTS,
        "SELFTEST_CALLS": constants.SELFTEST_CALLS,
    }
    lines = [f"export const {name} = {_literal(value)};" for name, value in values.items()]
    return "\n".join([f"/** {NOTICE} */", "", *lines, ""])


def reasons() -> str:
    """The page's texts for each reason that it can show."""
    entries = [
        f"  {reason.code}: {{\n"
        f"    sentence: {_literal(reason.value.sentence)},\n"
        f"    nextStep: {_literal(reason.value.next_step)},\n"
        f"    developer: {_literal(reason.value.developer)},\n"
        f"    retryable: {_literal(reason.value.retryable)},\n"
        "  },"
        for reason in Reason
        if reason.is_shown
    ]
    return "\n".join(
        [
            f"/** {NOTICE} */",
            "",
            "/**",
            " * @typedef {object} Reason",
            " * @property {string} sentence what happened, for the person",
            " * @property {string} nextStep what they can do",
            " * @property {string} developer what happened, for a developer",
            ' * @property {boolean} retryable whether "Try again" makes sense',
            " */",
            "",
            "/** @type {Record<string, Reason>} */",
            "export const REASONS = {",
            *entries,
            "};",
            "",
        ]
    )


FILES: Final[dict[str, Callable[[], str]]] = {
    "messages.d.ts": messages,
    "shared.js": shared,
    "reasons.js": reasons,
    "selftest_sentences.js": render_selftest_sentences,
}
"""The functions that render the generated files, by file name."""


def _types(name: str, schema: Schema) -> dict[str, str]:
    """A TypeScript type for a schema and each of its definitions, by name."""
    definitions = schema.get("$defs", {})
    return {key: _type(value) for key, value in definitions.items()} | {name: _type(schema)}


def _type(schema: Schema) -> str:
    """A JSON schema as a TypeScript type.

    :raises ValueError: for a keyword that no message uses yet.
    """
    match schema:
        case {"$ref": ref}:
            return str(ref).rpartition("/")[2]
        case {"const": value}:
            return _literal(value)
        case {"enum": values}:
            return " | ".join(map(_literal, values))
        case {"anyOf": options} | {"oneOf": options}:
            return " | ".join(map(_type, options))
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "string" | "boolean" | "null" as kind}:
            return str(kind)
        case {"type": "array", "items": items}:
            inner = _type(items)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case {"type": "object", "properties": properties}:
            required = {*schema.get("required", []), "type"}
            fields = [
                f"  {name}{'' if name in required else '?'}: {_type(field)};"
                for name, field in properties.items()
            ]
            return "\n".join(["{", *fields, "}"])
        case {"type": "object", "additionalProperties": values}:
            return f"Record<string, {_type(values)}>"
    raise ValueError(f"no TypeScript for {schema}")


def _literal(value: Any) -> str:
    """A JavaScript literal, with single quotes as the page's modules have them."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, tuple):
        return "/** @type {const} */ ([" + ", ".join(map(_literal, value)) + "])"
    return json.dumps(value)
