"""A line of pool.yaml with a caret under the column of a problem, as compilers print it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from provisioner.errors import Problem
from provisioner.plain_text import shown

WIDTH = 80
"""Columns of the widest line that is printed, gutter included."""

TAB = 4
_CUT = "…"
_AFTER = 16  # columns of a long line that are kept to the right of the caret, if there are any
_REACH = 2 * WIDTH  # characters on each side of the caret that can be within the width

Cell = tuple[str, int]
"""What is printed for a character, and how many columns it takes."""


def excerpt(problem: Problem, line: str, encoding: str = "utf-8") -> list[str]:
    """The `line` of a problem and one with the caret; [] for an empty line.

    A character that the `encoding` of the output does not have is printed as an escape.
    """
    if not line.strip():
        return []
    gutter = f"{problem.line:5} | "
    below = f"{'':{len(gutter) - 2}}| "
    line = line.rstrip()
    at = min(problem.column - 1, len(line))
    first = max(0, at - _REACH)
    cells = list(_cells(line[first : at + _REACH], encoding))
    start, end = _window(cells, at - first, WIDTH - len(gutter))
    is_cut = (first > 0 or start > 0, end < len(cells) or len(line) > at + _REACH)
    head, tail = ([(_cut(encoding), 1)] if each else [] for each in is_cut)
    text = "".join(text for text, _ in [*head, *cells[start:end], *tail])
    before = _columns([*head, *cells[start : at - first]])
    return [f"{gutter}{text}", f"{below}{' ' * before}^"]


def _cut(encoding: str) -> str:
    """The mark of a cut, one column wide."""
    return _CUT if _written(_CUT, encoding) == _CUT else "."


def _written(text: str, encoding: str) -> str:
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _cells(line: str, encoding: str) -> Iterator[Cell]:
    column = 0
    for character in line:
        text = " " * (TAB - column % TAB)
        if character != "\t":
            text = _written(shown(character), encoding)
        width = sum(map(_width, text))
        yield text, width
        column += width


def _width(character: str) -> int:
    """The columns of a terminal: 2 for wide East Asian characters, 0 for combining marks."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _window(cells: Sequence[Cell], at: int, width: int) -> tuple[int, int]:
    """The first cell to print and the one after the last: all, or those around the caret."""
    if _columns(cells) + (at >= len(cells)) <= width:
        return 0, len(cells)
    start = end = min(at, len(cells))
    room = width - 2 - (at >= len(cells))  # without the marks of both cuts, and the caret
    while end < len(cells) and _columns(cells[start : end + 1]) <= min(_AFTER, room):
        end += 1
    while start > 0 and _columns(cells[start - 1 : end]) <= room:
        start -= 1
    while end < len(cells) and _columns(cells[start : end + 1]) <= room:
        end += 1
    return start, end


def _columns(cells: Sequence[Cell]) -> int:
    return sum(width for _, width in cells)
