"""Quoted strings of SOQL: their escapes, and the patterns of LIKE."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.emulator.soql.errors import malformed

_SIMPLE = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "_": "_",
    "%": "%",
}
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{4}")


def unquote(text: str) -> str:
    """The value of a string as written. Raises MALFORMED_QUERY on an unknown escape."""
    return "".join(character for character, _ in _characters(text))


def like_pattern(text: str) -> re.Pattern[str]:
    """What `LIKE text` matches: `%` any run, `_` one character, in any case.

    Between two `%` the first match is as good as any later one, so the groups are atomic:
    with backtracking, `%a%a%a%a%a%` would block the emulator for hours.
    """
    between = [""]
    for character, escaped in _characters(text):
        if character == "%" and not escaped:
            between.append("")
        else:
            between[-1] += "." if character == "_" and not escaped else re.escape(character)
    first, *middle = between
    last = f".*{middle.pop()}" if middle else ""
    expression = first + "".join(f"(?>.*?{one})" for one in middle if one) + last
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def _characters(text: str) -> Iterator[tuple[str, bool]]:
    """The characters between the quotes, each with whether it was written as an escape."""
    inner = text[1:-1]
    position = 0
    while position < len(inner):
        character = inner[position]
        if character != "\\":
            yield character, False
            position += 1
            continue
        letter = inner[position + 1]
        digits = _HEXADECIMAL.match(inner, position + 2) if letter in "uU" else None
        if digits is not None:
            yield chr(int(digits.group(), 16)), True
            position += 6
        elif letter.lower() in _SIMPLE:
            yield _SIMPLE[letter.lower()], True
            position += 2
        else:
            raise malformed(
                f"Invalid string literal '{inner}'. "
                f"Illegal character sequence '\\{letter}' in string literal."
            )
