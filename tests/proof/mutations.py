"""Ways in which an answer of success can be odd: each makes one out of a good one, from a seed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

Path = tuple[Any, ...]
NESTED = "[" * 2_000 + "]" * 2_000
_NESTED_MARK = "nested here"
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PAGE = b"<!DOCTYPE html><html><body>We are down for maintenance</body></html>"


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """All places in a JSON value, the top included."""
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*at, key))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _replaced(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    _at(value, path[:-1])[path[-1]] = new
    return value


def _of_another_type(value: Any, random: Random) -> Any:
    others = ["text", 7, 7.5, True, ["a", 1], {"a": {"b": 1}}, [], {}, "7", ""]
    return random.choice([other for other in others if type(other) is not type(value)])


def _wrong_id(text: str, random: Random) -> str:
    made = "".join(random.choice(_LETTERS) for _ in text)
    return random.choice(
        [text[:3] + made[3:], made, text[:-1], text + "AAA", "'; --", text.lower()]
    )


def _drop(value: Any, path: Path, _: Random) -> Any:
    del _at(value, path[:-1])[path[-1]]
    return value


def _twice(value: Any, path: Path, random: Random) -> Any:
    rows = _at(value, path)
    rows.insert(random.randint(0, len(rows)), random.choice(rows))
    return value


Change = Callable[[Any, Path, Random], Any]  # of a JSON value, at a place


def _to(*values: Any) -> Change:
    return lambda value, path, random: _replaced(value, path, random.choice(values))


CHANGES: Mapping[str, tuple[Callable[[Any, Path], bool], Change]] = {
    "a field is missing": (lambda _, path: bool(path) and isinstance(path[-1], str), _drop),
    "null": (lambda _, path: bool(path), _to(None)),
    "another type": (
        lambda _, path: bool(path),
        lambda value, path, random: _replaced(
            value, path, _of_another_type(_at(value, path), random)
        ),
    ),
    "nested 2,000 deep": (lambda _, __: True, _to(_NESTED_MARK)),
    "a row twice": (lambda value, _: isinstance(value, list) and len(value) > 0, _twice),
    "a wrong id": (
        lambda value, _: isinstance(value, str) and _ID.fullmatch(value) is not None,
        lambda value, path, random: _replaced(value, path, _wrong_id(_at(value, path), random)),
    ),
    "a number out of range": (
        lambda value, _: isinstance(value, int | float) and not isinstance(value, bool),
        _to(10**30, -1, -(10**9), 2**53, 1e308, 0.5),
    ),
    "a number as a text": (
        lambda value, _: isinstance(value, int) and not isinstance(value, bool),
        lambda value, path, _: _replaced(value, path, str(_at(value, path))),
    ),
    "a date out of range": (
        lambda value, _: isinstance(value, str) and _DATE.fullmatch(value) is not None,
        _to("9999-12-31", "0001-01-01T00:00:00.000+0000", "2026-02-31", "soon", "9" * 50),
    ),
    "a huge text": (lambda value, _: isinstance(value, str), _to("x" * 1_000_000)),
    "an odd text": (
        lambda value, _: isinstance(value, str),
        _to("", "\ud800 half a character", "\0", "\x1b[31mred", "../../etc/passwd", "http://["),
    ),
    "an empty object": (lambda value, _: isinstance(value, dict | list), _to({})),
    "an empty list": (lambda value, _: isinstance(value, dict | list), _to([])),
}

WHOLE: Mapping[str, Callable[[bytes, Random], tuple[bytes, str]]] = {
    "cut off": (lambda body, random: (body[: random.randrange(len(body))], "")),
    "nothing": lambda _, __: (b"", ""),
    "a page": lambda _, __: (PAGE, "text/html; charset=UTF-8"),
    "a page that says it is JSON": lambda _, __: (PAGE, ""),
    "no UTF-8": lambda body, _: (b"\xff\xfe" + body, ""),
    "something more": lambda body, _: (body + b"}", ""),
    "only null": lambda _, __: (b"null", ""),
    "only a number": lambda _, __: (b"NaN", ""),
    "XML of entities": lambda _, __: (
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        "",
    ),
}
"""Of the body as a whole: the new one, and its content type where that changes."""


def mutated(body: bytes, random: Random) -> tuple[str, bytes, str]:
    """What was done to a body, the body that came of it, and its content type or ""."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if value is None or random.random() < 0.25:
        name = random.choice(sorted(WHOLE))
        return name, *WHOLE[name](body, random)
    name, path = _drawn(value, random)
    changed = CHANGES[name][1](value, path, random)
    text = json.dumps(changed).replace(f'"{_NESTED_MARK}"', NESTED)
    return f"{name} at {'.'.join(map(str, path)) or 'the top'}", text.encode(), ""


def _drawn(value: Any, random: Random) -> tuple[str, Path]:
    """A change, and a place at which it can be made."""
    places = list(paths(value))
    while True:
        name = random.choice(sorted(CHANGES))
        fitting = [path for path in places if CHANGES[name][0](_at(value, path), path)]
        if fitting:
            return name, random.choice(fitting)
