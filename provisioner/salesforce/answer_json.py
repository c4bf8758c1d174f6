"""Parses the JSON of an answer, with limits on size and depth and a single error class.

`json.loads` alone may raise RecursionError. It accepts NaN and integers of 4,000 digits, which
databases do not store, and nesting that fails later when the value is written or compared.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MOST_BYTES = 32 * 1024 * 1024
"""Of one answer. The largest known answers, deploys with test coverage, have a few MB."""

MOST_LEVELS = 100
"""Nested lists and objects. Salesforce's answers have about ten."""

MOST_CONTAINERS = 2_000_000
"""Lists and objects in total: each takes more than 60 bytes of memory."""

_MOST_DIGITS = 20  # of a 64-bit integer, with its sign
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|[\[\]{}]'
)  # strings, which may contain brackets, and brackets
_SUSPECT = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")  # half a character, or NUL
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


class MalformedAnswerError(ValueError):
    """The text is not JSON, or exceeds a limit. The message quotes no part of it."""


def read_json(body: bytes | str) -> Any:
    """The value of a JSON text in UTF-8. Raises MalformedAnswerError and nothing else.

    More than MOST_BYTES, MOST_LEVELS or MOST_CONTAINERS, numbers that are not finite and integers
    of more than 64 bits are refused. In strings, lone surrogates and NUL, which terminals and
    databases do not accept, are replaced by U+FFFD.
    """
    if len(body) > MOST_BYTES:
        raise MalformedAnswerError(f"more than {MOST_BYTES >> 20} MB")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        brackets = text.count("[") + text.count("{")
        if brackets > MOST_CONTAINERS:
            raise MalformedAnswerError("too many lists and objects")
        if brackets > MOST_LEVELS and _is_deep(text):
            raise MalformedAnswerError("nested too deeply")
        value = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise MalformedAnswerError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedAnswerError(f"invalid JSON at character {error.pos}") from None
    return _storable(value) if _SUSPECT.search(text) else value


def _is_deep(text: str) -> bool:
    """Whether lists and objects are nested more than MOST_LEVELS times.

    The text is checked before it is parsed, because a parser may exhaust the stack.
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
    """The value with U+FFFD for characters that cannot be stored."""
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
    raise MalformedAnswerError(f"{name} is not a number")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_number, parse_constant=_constant)
