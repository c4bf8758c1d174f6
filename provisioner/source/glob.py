"""Globs as the JavaScript library minimatch reads them: stars, braces and extended groups.

A part of a path that starts with a dot matches only a part of the pattern that does so, too.
"""

from __future__ import annotations

import itertools
import re

from provisioner.source.wildcards import RUN, name_expression

_NO_DOT = r"(?!\.)"
_EXTENDED = {"?": "?", "*": "*", "+": "+", "@": ""}


LONGEST = 4096
"""Maximum characters of a glob; no path is longer."""

MOST_CHOICES = 1000
"""Maximum number of globs that one with braces expands to."""

_MOST_FOLDER_RUNS = 4  # maximum of `**` in one glob
_MOST_NAME_RUNS = 3  # maximum in one name: wildcards in groups, groups that repeat or negate


class GlobError(ValueError):
    """A glob that expands to too many, or would take too long to match."""


def glob_expression(pattern: str) -> str:
    """The regular expression that a whole path with `/` must match. Raises GlobError."""
    if len(pattern) > LONGEST:
        raise GlobError(f"it is longer than {LONGEST:,} characters")
    try:
        return "|".join(f"(?:{_path(one)})" for one in expand_braces(pattern))
    except RecursionError:
        raise GlobError("it has too many braces or groups") from None


def expand_braces(pattern: str) -> list[str]:
    """`a{b,c}` is `ab` and `ac`; `{1..3}` counts; braces without a comma are kept.

    Raises GlobError.
    """
    found = _expanded(pattern)
    if len(found) > MOST_CHOICES:
        raise _too_many()
    return found


def _too_many() -> GlobError:
    return GlobError(f"its braces expand to more than {MOST_CHOICES:,} globs")


def _expanded(pattern: str) -> list[str]:
    match = re.search(r"\{((?:[^{}]|\{[^{}]*\})*+)\}", pattern)
    if match is None:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    choices = _choices(match[1])
    if len(choices) < 2:
        return [f"{before}{match[0]}{rest}" for rest in _expanded(after)]
    found: list[str] = []
    for choice in choices:
        found += _expanded(f"{before}{choice}{after}")
        if len(found) > MOST_CHOICES:
            raise _too_many()
    return found


def _choices(inside: str) -> list[str]:
    counted = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", inside)
    if counted:
        first, last = int(counted[1][:9]), int(counted[2][:9])
        if abs(last - first) > MOST_CHOICES or len(inside) > 18:
            raise _too_many()
        step = 1 if first <= last else -1
        return [str(number) for number in range(first, last + step, step)]
    return re.split(r",(?![^{]*\})", inside)


def _path(pattern: str) -> str:
    """Parts between slashes; `**` matches any number of them."""
    parts = [part for part in pattern.split("/") if part != ""]
    parts = [p for at, p in enumerate(parts) if p != "**" or parts[at + 1 : at + 2] != ["**"]]
    if parts.count("**") > _MOST_FOLDER_RUNS:
        raise GlobError(f"it has more than {_MOST_FOLDER_RUNS - 1} occurrences of **")
    found = []
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        if part == "**":
            found.append(r"(?:(?!\.)[^/]+(?:/(?!\.)[^/]+)*)?" if is_last else r"(?:(?!\.)[^/]+/)*")
        else:
            found.append(_part(part) + ("" if is_last else "/"))
    return "".join(found)


def _part(part: str) -> str:
    start = "" if part.startswith(".") else _NO_DOT
    groups = _GROUP.findall(part)
    if not groups:
        return start + name_expression(_pieces(part))
    _check_groups(part, groups)
    return start + _characters(part)


_GROUP = re.compile(r"([?*+@!])\(([^()]*)\)")


def _check_groups(part: str, groups: list[tuple[str, str]]) -> None:
    """Raise GlobError for groups that a regular expression would try in all combinations."""
    runs = part.count("*") + sum(kind in "+!" for kind, _ in groups)
    if runs > _MOST_NAME_RUNS:
        raise GlobError(
            f"{part[:40]!r} has more than {_MOST_NAME_RUNS} wildcards beside its groups"
        )
    for kind, inside in groups:
        choices = sorted(inside.split("|"))
        is_plain = not re.search(r"[*?\[\\]", inside) and "" not in choices
        nested = any(b.startswith(a) for a, b in itertools.pairwise(choices))
        if kind in "*+" and (not is_plain or nested):
            raise GlobError(f"the group {kind}({inside[:40]}) is ambiguous")


def _pieces(text: str) -> list[str]:
    pieces = []
    at = 0
    while at < len(text):
        piece, length = _piece(text, at)
        pieces.append(piece)
        at += length
    return pieces


def _characters(text: str) -> str:
    return "".join(_pieces(text))


def _piece(text: str, at: int) -> tuple[str, int]:
    """The expression for the token at one position, and the token's length."""
    group = _GROUP.match(text, at)
    if group:
        inside = "|".join(map(_characters, group[2].split("|")))
        if group[1] == "!":
            rest = _characters(text[at + len(group[0]) :])
            return rf"(?!(?:{inside}){rest}(?:/|\Z))[^/]*", len(group[0])
        return f"(?:{inside}){_EXTENDED[group[1]]}", len(group[0])
    bracket = re.compile(r"\[([!^]?)((?:\]|)[^\]]*)\]").match(text, at)
    if bracket:
        inside = bracket[2].replace("\\", r"\\").replace("[", r"\[")
        return f"[{'^' if bracket[1] else ''}{inside}]", len(bracket[0])
    character = text[at]
    if character == "*":
        return RUN, 1
    if character == "?":
        return "[^/]", 1
    if character == "\\" and at + 1 < len(text):
        return re.escape(text[at + 1]), 2
    return re.escape(character), 1
