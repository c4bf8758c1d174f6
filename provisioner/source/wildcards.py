"""Regular expressions for paths with wildcards, without exponential matching time.

With several wildcards in a row, a backtracking engine tries each length of one with each length of
all others. That is not necessary: between two wildcards the first match is as good as any later
one, so the group up to it may be atomic. This is true if there is a sequence of single characters
of one name between them, or of whole folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

RUN = "[^/]*"
"""Any characters of one name."""

FOLDERS = "(?:/[^/]+)*"
"""Any number of folders."""

_BOUNDARY = r"(?=/|\Z)"


def name_expression(pieces: Sequence[str]) -> str:
    """One name: single characters, with RUN anywhere between them."""
    first, *between = _split(pieces, RUN)
    if not between:
        return "".join(first)
    *middle, last = ("".join(part) for part in between)
    return "".join(first) + "".join(f"(?>{RUN}?{one})" for one in middle if one) + RUN + last


def path_expression(pieces: Sequence[str], prefix: str) -> str:
    """A path of names, "/" and FOLDERS; with `prefix`, folders may come before it."""
    first, *between = ("".join(_names(part)) for part in _split(pieces, FOLDERS))
    if not between:
        return prefix + first
    *middle, last = between
    start = f"(?>{_lazy(prefix)}{first}{_BOUNDARY})" if prefix else first
    return start + "".join(f"(?>{FOLDERS}?{one}{_BOUNDARY})" for one in middle) + FOLDERS + last


def _lazy(prefix: str) -> str:
    return "(?:.*?/)??" if prefix else ""


def _names(pieces: Sequence[str]) -> Iterator[str]:
    names = _split(pieces, "/")
    for number, name in enumerate(names):
        yield ("/" if number else "") + name_expression(list(name))


def _split(pieces: Iterable[str], separator: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for piece in pieces:
        if piece == separator:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts
