"""Where a JSON text is wrong, in the words of Salesforce's parser (Jackson).

Syntax errors count the column after the character that was read last, values of the wrong type the
column at which the value starts; lines and columns count from 1. Source: refusals that tests of
public projects quote, such as "Unexpected character ('n' (code 110)): was expecting double-quote to
start field name at [line:1, column:3]" for a body that starts with `{n`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from provisioner.emulator.errors import ValueTypeError

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_WORD = re.compile(r"\w+")
_VALUE = "expected a valid value (number, String, array, object, 'true', 'false' or 'null')"
_EXPECTED = {
    "Expecting value": _VALUE,
    "Expecting property name": "was expecting double-quote to start field name",
    "Illegal trailing comma before end of object": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Extra data": _VALUE,
}


def syntax_error(error: json.JSONDecodeError) -> str:
    """The message for a text that is not JSON."""
    text, position = error.doc, error.pos
    if error.msg.startswith("Unterminated string"):
        problem = "Unexpected end-of-input: was expecting closing quote for a string value"
        return f"{problem} {_at(text, len(text))}"
    if not error.msg.startswith("Invalid"):
        position += len(text[position:]) - len(text[position:].lstrip(" \t\r\n,"))
    if position >= len(text):
        problem = f"Unexpected end-of-input: expected close marker for {_container(text)}"
        return f"{problem} {_at(text, len(text))}"
    return _unexpected(text, position, error.msg)


def _unexpected(text: str, position: int, message: str) -> str:
    character = text[position]
    word = _WORD.match(text, position)
    if message.startswith("Expecting value") and word and character.isalpha():
        problem = f"Unrecognized token '{word[0]}': was expecting 'null', 'true', 'false' or NaN"
        return f"{problem} {_at(text, word.end())}"
    expected = next((words for start, words in _EXPECTED.items() if message.startswith(start)), "")
    if not expected and message.startswith("Expecting ',' delimiter"):
        kind = _container(text[:position])
        expected = f"was expecting comma to separate {kind} entries"
    if ord(character) < ord(" "):
        expected = "has to be escaped using backslash to be included in string value"
        problem = f"Illegal unquoted character ((CTRL-CHAR, code {ord(character)})): {expected}"
    else:
        problem = f"Unexpected character ('{character}' (code {ord(character)})): "
        problem += expected or _VALUE
    return f"{problem} {_at(text, position + 1)}"


@contextmanager
def located_in(body: bytes) -> Iterator[None]:
    """A value of the wrong type is refused with its location in the body of the request."""
    try:
        yield
    except ValueTypeError as error:
        text = body.decode("utf-8", "replace")
        position = _find(text, error.name, error.value)
        if position is None:
            raise
        raise error.located(_at(text, position)) from None


def _find(text: str, name: str, value: Any) -> int | None:
    """Where the value of a key starts; keys are compared in any case."""
    tokens = list(_TOKEN.finditer(text))
    for key, colon, first in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if colon[0] == ":" and key[0].startswith('"'):
            is_named = str(_read(key[0])).lower() == name.lower()
            if is_named and _starts(first[0], value):
                return first.start()
    return None


def _starts(token: str, value: Any) -> bool:
    if isinstance(value, dict | list):
        return token == ("{" if isinstance(value, dict) else "[")
    return bool(_read(token) == value)


def _read(token: str) -> Any:
    try:
        return json.loads(token)
    except ValueError:
        return token


def _container(text: str) -> str:
    """The innermost object or array that is open at the end of a text."""
    open_: list[str] = []
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            open_.append(token[0])
        elif token[0] in ("}", "]") and open_:
            open_.pop()
    return "ARRAY" if open_ and open_[-1] == "[" else "OBJECT"


def _at(text: str, position: int) -> str:
    line = text.count("\n", 0, position)
    start = text.rfind("\n", 0, position) + 1
    return f"at [line:{line + 1}, column:{position - start + 1}]"
