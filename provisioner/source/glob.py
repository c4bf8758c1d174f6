"""Globs as the JavaScript library minimatch reads them: stars, braces and extended groups.

No part of a path that begins with a dot is matched unless the pattern's part does, too.
"""

from __future__ import annotations

import re

_NO_DOT = r"(?!\.)"
_EXTENDED = {"?": "?", "*": "*", "+": "+", "@": ""}


def glob_expression(pattern: str) -> str:
    """The regular expression that a whole path with `/` must match."""
    return "|".join(f"(?:{_path(one)})" for one in expand_braces(pattern))


def expand_braces(pattern: str) -> list[str]:
    """`a{b,c}` is `ab` and `ac`; `{1..3}` counts; braces without comma stay as they are."""
    match = re.search(r"\{((?:[^{}]|\{[^{}]*\})*)\}", pattern)
    if match is None:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    choices = _choices(match[1])
    if len(choices) < 2:
        return [f"{before}{match[0]}{rest}" for rest in expand_braces(after)]
    return [one for choice in choices for one in expand_braces(f"{before}{choice}{after}")]


def _choices(inside: str) -> list[str]:
    counted = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", inside)
    if counted:
        first, last = int(counted[1]), int(counted[2])
        step = 1 if first <= last else -1
        return [str(number) for number in range(first, last + step, step)]
    return re.split(r",(?![^{]*\})", inside)


def _path(pattern: str) -> str:
    """Parts between slashes; `**` stands for any number of them."""
    parts = [part for part in pattern.split("/") if part != ""]
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
    return start + _characters(part)


def _characters(text: str) -> str:
    found = ""
    at = 0
    while at < len(text):
        piece, length = _piece(text, at)
        found += piece
        at += length
    return found


def _piece(text: str, at: int) -> tuple[str, int]:
    """The expression for what stands at one place, and how long that is."""
    group = re.compile(r"([?*+@!])\(([^()]*)\)").match(text, at)
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
        return "[^/]*", 1
    if character == "?":
        return "[^/]", 1
    if character == "\\" and at + 1 < len(text):
        return re.escape(text[at + 1]), 2
    return re.escape(character), 1
