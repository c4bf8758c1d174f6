"""Where the values of a valid JSON text are, for messages about them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_BLANKS = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


def location(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Line and column (from 1) of the value at a path; of an entry of an object, of its key.

    When the text has no such value, they are those of the nearest one above it.
    """
    at = value = _skip_blanks(text, 0)
    for part in path:
        found = [(start, of) for key, start, of in _entries(text, value) if key == part]
        if not found:
            break
        at, value = found[-1]  # of a repeated key the last value counts
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _entries(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """The key (or index), its offset and that of the value, for each entry at `at`."""
    if text[at] not in "{[":
        return
    is_object, index = text[at] == "{", 0
    at = _skip_blanks(text, at + 1)
    while text[at] not in "]}":
        key: Any = index
        start = at
        if is_object:
            key, at = _DECODER.raw_decode(text, at)
            at = _skip_blanks(text, _skip_blanks(text, at) + 1)  # the colon
        yield key, start, at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip_blanks(text, at)
        if text[at] == ",":
            at = _skip_blanks(text, at + 1)
        index += 1


def _skip_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
