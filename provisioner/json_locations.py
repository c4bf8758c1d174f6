"""Finds the line and column of values in a JSON text, for messages about them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from provisioner.input_json import location_at

JsonPath = tuple[str | int, ...]
"""The keys and indexes that lead to a value; () is the whole document."""

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def locations(text: str, wanted: Collection[JsonPath]) -> dict[JsonPath, tuple[int, int]]:
    """Line and column (from 1) of the values at the paths `wanted`; missing values are left out.

    The text must be valid JSON. The location of an object's entry is that of its key.
    """
    walk = _Walk(text, wanted)
    for match in _PART.finditer(text):
        if not walk.missing:
            break
        walk.step(match[0], match.start())
    return walk.found


class _Walk:
    """Processes the tokens of a text in order, and keeps the path of the current one."""

    def __init__(self, text: str, wanted: Collection[JsonPath]) -> None:
        self._text = text
        self.missing = set(wanted)
        self.found: dict[JsonPath, tuple[int, int]] = {}
        self._path: list[str | int] = []  # of the next value, or of the open one
        self._is_object: list[bool] = []
        self._expects_key = False

    def step(self, part: str, at: int) -> None:
        if self._expects_key and part[0] == '"':
            self._path[-1] = json.loads(part)
            self._expects_key = False
            self._note(at)
        elif part in ("}", "]"):
            self._path.pop()
            self._is_object.pop()
            self._expects_key = False
        elif part == ",":
            self._next()
        elif part != ":":
            self._note(at)
            if part in ("{", "["):
                self._is_object.append(part == "{")
                self._path.append("" if self._is_object[-1] else 0)
                self._expects_key = self._is_object[-1]

    def _next(self) -> None:
        index = self._path[-1]
        if isinstance(index, int):
            self._path[-1] = index + 1
        self._expects_key = self._is_object[-1]

    def _note(self, at: int) -> None:
        path = tuple(self._path)
        if path in self.missing:
            self.missing.remove(path)
            self.found[path] = location_at(self._text, at)
