"""Checks what a request sends against the schema of its operation.

The part of JSON Schema that the API uses: `type`, `properties`, `required`, `maxLength`,
`enum`, and `additionalProperties: false` everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.config.checks import nearest
from provisioner.errors import UsageError

_TYPES: Mapping[str, tuple[type, str]] = {
    "object": (dict, "an object {…}"),
    "string": (str, "a text"),
    "boolean": (bool, "true or false"),
}


def require_valid(value: Any, schema: Mapping[str, Any], what: str) -> None:
    """Raises UsageError with all problems of `value`; `what` names it, as "the body"."""
    found = list(_problems(value, schema, what))
    if found:
        raise UsageError(
            "\n".join(found), code="bad_request", hint="GET /v1/openapi.json describes the API"
        )


def _problems(value: Any, schema: Mapping[str, Any], what: str) -> Iterator[str]:
    cls, expected = _TYPES[schema["type"]]
    if not isinstance(value, cls):
        yield f"{what} must be {expected}"
    elif isinstance(value, dict):
        yield from _of_object(value, schema, what)
    elif isinstance(value, str):
        yield from _of_text(value, schema, what)


def _of_object(value: Mapping[str, Any], schema: Mapping[str, Any], what: str) -> Iterator[str]:
    known = schema["properties"]
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{what} has no {name}"
    for name, part in value.items():
        if name in known:
            yield from _problems(part, known[name], name)
        else:
            near = nearest(name, known)
            advice = f"did you mean {near}?" if near else f"known: {', '.join(known) or 'nothing'}"
            yield f"{what} has an unknown key {name[:50]!a}; {advice}"


def _of_text(value: str, schema: Mapping[str, Any], what: str) -> Iterator[str]:
    most, allowed = schema.get("maxLength", 200), schema.get("enum")
    if len(value) > most:
        yield f"{what} is longer than {most} characters"
    elif not value.isprintable():
        yield f"{what} has line breaks or control characters"
    elif allowed and value not in allowed:
        yield f"{what} is {value!a}; write one of {', '.join(allowed)}"
