"""Reads JSON that users and their programs write; a problem has its line and column.

Also refused: NaN and Infinity, numbers of thousands of digits, texts that cannot be encoded, and
nesting so deep that a recursive function would exceed the stack.
"""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 100
"""The most levels to which objects and lists may be nested."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|-?\d+', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonProblem(ValueError):  # noqa: N818 - a finding with its location
    """A problem in a JSON text: the message, and the line and column (from 1)."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def parse_json(text: str) -> Any:
    """The value of a JSON text. Raises JsonProblem."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise JsonProblem(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise _too_deep(text) from None
    except ValueError as error:
        raise _number_problem(text, str(error)) from None
    if _is_deep(value):
        raise _too_deep(text)
    surrogate = _SURROGATE.search(text)
    if surrogate and not _can_be_encoded(value):
        raise JsonProblem(
            "a \\u escape is half of a character (a lone surrogate)",
            *location_at(text, surrogate.start()),
        )
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        level = [
            item
            for part in level
            for item in (part.values() if isinstance(part, dict) else part)
            if isinstance(item, dict | list)
        ]
    return bool(level)


def _can_be_encoded(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep(text: str) -> JsonProblem:
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += (match[0] in "{[") - (match[0] in "}]")
        if depth > DEEPEST:
            return JsonProblem(
                f"nested more than {DEEPEST} levels deep",
                *location_at(text, match.start()),
            )
    return JsonProblem(f"nested more than {DEEPEST} levels deep")


def _number_problem(text: str, message: str) -> JsonProblem:
    """The problem of a number that Python does not accept, or of a name that is not JSON."""
    name = message.partition(" ")[0]
    if name in ("NaN", "Infinity", "-Infinity"):
        found = re.search(rf"(?<![\w\"-]){re.escape(name)}", text)
        return JsonProblem(message, *location_at(text, found.start() if found else 0))
    long = (m.start() for m in _TOKEN.finditer(text) if m[0][:1] not in '"{}[]' and len(m[0]) > 999)
    return JsonProblem("a number has thousands of digits", *location_at(text, next(long, 0)))


def location_at(text: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of the character at an index."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
