"""Where the values of a JSON text stand, for messages about them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from provisioner.input_json import place

JsonPath = tuple[str | int, ...]
"""The keys and indexes that lead to a value; () is the whole."""

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def places(text: str, wanted: Collection[JsonPath]) -> dict[JsonPath, tuple[int, int]]:
    """Line and column (from 1) of the values at the paths `wanted`, as far as they are there.

    The text must be valid JSON. For an entry of an object it is the place of its key.
    """
    walk = _Walk(text, wanted)
    for match in _PART.finditer(text):
        if not walk.missing:
            break
        walk.step(match[0], match.start())
    return walk.found


class _Walk:
    """Goes through the parts of a text and knows at each of them where it is."""

    def __init__(self, text: str, wanted: Collection[JsonPath]) -> None:
        self._text = text
        self.missing = set(wanted)
        self.found: dict[JsonPath, tuple[int, int]] = {}
        self._way: list[str | int] = []  # to the value that comes, or that is open
        self._is_object: list[bool] = []
        self._expects_key = False

    def step(self, part: str, at: int) -> None:
        if self._expects_key and part[0] == '"':
            self._way[-1] = json.loads(part)
            self._expects_key = False
            self._note(at)
        elif part in ("}", "]"):
            self._way.pop()
            self._is_object.pop()
            self._expects_key = False
        elif part == ",":
            self._next()
        elif part != ":":
            self._note(at)
            if part in ("{", "["):
                self._is_object.append(part == "{")
                self._way.append("" if self._is_object[-1] else 0)
                self._expects_key = self._is_object[-1]

    def _next(self) -> None:
        index = self._way[-1]
        if isinstance(index, int):
            self._way[-1] = index + 1
        self._expects_key = self._is_object[-1]

    def _note(self, at: int) -> None:
        path = tuple(self._way)
        if path in self.missing:
            self.missing.remove(path)
            self.found[path] = place(self._text, at)
