"""Reads the JSON of an answer that nobody vouches for: bounded, and only one kind of error.

`json.loads` alone lets a RecursionError escape, takes NaN and integers of 4,000 digits that no
database stores, and hands over depth that fails later, where the value is written or compared.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MOST_BYTES = 32 * 1024 * 1024
"""Of one answer. The largest known one, a deploy with the coverage of all tests, has a few MB."""

MOST_LEVELS = 100
"""Lists and objects within each other. Salesforce's answers have about ten."""

MOST_CONTAINERS = 2_000_000
"""Lists and objects in all: a bracket of one byte takes more than 60 bytes of memory."""

_MOST_DIGITS = 20  # of an integer of 64 bits, its sign included
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')  # strings, which may hold brackets, and brackets
_SUSPECT = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")  # half a character, or NUL
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


class MalformedAnswerError(ValueError):
    """The text is no JSON, or none that an honest server sends. Its message quotes nothing."""


def read_json(body: bytes | str) -> Any:
    """The value of a JSON text in UTF-8. Raises MalformedAnswerError, and nothing else.

    Refused are more than MOST_BYTES, MOST_LEVELS or MOST_CONTAINERS, numbers that are not
    finite, and integers of more than 64 bits. Halves of characters and NUL inside of strings,
    which neither a terminal nor a database takes, become U+FFFD.
    """
    if len(body) > MOST_BYTES:
        raise MalformedAnswerError(f"more than {MOST_BYTES >> 20} MB")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        brackets = text.count("[") + text.count("{")
        if brackets > MOST_CONTAINERS:
            raise MalformedAnswerError("too many lists and objects")
        if brackets > MOST_LEVELS and _is_deep(text):
            raise MalformedAnswerError("nested too deep")
        value = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise MalformedAnswerError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedAnswerError(f"no JSON at character {error.pos}") from None
    return _storable(value) if _SUSPECT.search(text) else value


def _is_deep(text: str) -> bool:
    """Whether lists and objects stand within each other more than MOST_LEVELS times.

    Told from the text: a parser that runs out of its stack takes the interpreter's work with it.
    """
    depth = 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > MOST_LEVELS:
                return True
        elif first in "]}":
            depth -= 1
    return False


def _storable(value: Any) -> Any:
    """The value with U+FFFD for what cannot be written; not deeper than MOST_LEVELS."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return value


def _integer(text: str) -> int:
    if len(text) <= _MOST_DIGITS and -(2**63) <= (number := int(text)) < 2**63:
        return number
    raise MalformedAnswerError("an integer of more than 64 bits")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedAnswerError("a number that is not finite")
    return number


def _constant(name: str) -> Any:
    raise MalformedAnswerError(f"{name} is no number")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_number, parse_constant=_constant)
