"""A line of a `.forceignore` as a rule. Source: docs/reference/source-format.md#forceignore."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.source.wildcards import FOLDERS, RUN, path_expression

FLAGS = re.IGNORECASE | re.DOTALL


LONGEST = 4096
"""Maximum characters of a pattern; no path is longer."""

_MOST_RUNS = 3  # wildcards beside ranges or quoted letters, which are tried in all combinations


class PatternError(ValueError):
    """A pattern that makes no sense, or would take too long to match."""


@dataclass(frozen=True)
class Rule:
    """A line that excludes or includes again, by name or by the whole path."""

    pattern: re.Pattern[str]
    excludes: bool
    is_name: bool
    start: str | None = None
    """The start of every path that it matches, in lower case; None for any depth."""
    is_whole: bool = False  # there is no wildcard: `start` is the whole path
    literal: str = ""  # in lower case; occurs in every path that the pattern matches


_FREE_START = re.compile(r"/?\*\*/")  # the rule applies at any depth


def rule_of(line: str) -> Rule | None:
    """The rule of a line; None for a blank line or a comment. Raises PatternError."""
    if not line.strip() or line.startswith("#") or re.search(r"(?:[^\\]|^)\\$", line):
        return None
    excludes = not line.startswith("!")
    line = line if excludes else line[1:]
    line = line[1:] if line.startswith(("\\!", "\\#")) else line
    is_anchored = bool(re.search(r"/.", line))  # a blank after the last slash counts as well
    line = _without_trailing_space(line)
    if len(line) > LONGEST:
        raise PatternError(f"the pattern is longer than {LONGEST:,} characters")
    if not line:
        return Rule(re.compile(""), excludes, is_name=False)  # `!` includes everything again
    if line == "/":
        return None
    match = _FREE_START.match(line)
    rest = (line[match.end() :] or "*/") if match else line.removeprefix("/")
    is_name = "/" not in rest[:-1] and (match is not None or not is_anchored)
    start = "(?:.*/)?" if match and not is_name else ""
    expression = re.compile(_expression(_parts(rest), start), FLAGS)
    if match or is_name:
        return Rule(expression, excludes, is_name, literal=_literal(line))
    fixed = _FIXED.match(rest)
    text = fixed[0] if fixed and line.isascii() else ""
    return Rule(expression, excludes, is_name, text.lower(), is_whole=text == rest)


_FIXED = re.compile(r"[^*?\[\\]*")  # up to the first special character


def _literal(line: str) -> str:
    """The longest text without a wildcard; "" if the pattern has quoting."""
    if "\\" in line or "[" in line or not line.isascii():
        return ""
    return max(re.split(r"[^\w.-]+", line.lower()), key=len)


def _without_trailing_space(line: str) -> str:
    """Without blanks at the end, except for `\\ `."""
    stripped = line.rstrip()
    slashes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if slashes % 2 and stripped != line else stripped


_QUOTED = {
    "b": r"(?a:\b)",
    "B": r"(?a:\B)",
    "d": "[0-9]",
    "D": "[^0-9]",
    "w": "[A-Za-z0-9_]",
    "W": "[^A-Za-z0-9_]",
    "s": r"\s",
    "S": r"\S",
    "t": r"\t",
    "n": r"\n",
    "r": r"\r",
    "f": r"\f",
    "v": r"\v",
}


def _parts(rest: str) -> list[str]:
    parts: list[str] = []
    at = 0
    while at < len(rest):
        part, length = _part(rest, at)
        parts.append(part)
        at += length
    if rest.endswith("/"):
        parts.append(r"\Z")  # only a folder
    elif not rest.endswith("/**"):
        parts.append(r"/?\Z")
    return parts


def _expression(parts: list[str], prefix: str) -> str:
    """The parts as one expression without exponential matching time. Raises PatternError."""
    runs = sum(part in (RUN, FOLDERS) for part in parts)
    if runs + bool(prefix) < 2:
        return prefix + "".join(parts)
    *inner, end = parts if parts[-1] in _ENDS else [*parts, ""]
    tail = inner.pop() if inner and inner[-1] in _LAST else ""
    if all(len(part) == 1 or part in _PLAIN or _is_escaped(part) for part in inner):
        return path_expression(inner, prefix) + tail + end
    if runs > _MOST_RUNS:
        raise PatternError(f"more than {_MOST_RUNS} wildcards beside a range or a quoted letter")
    return prefix + "".join(parts)


_ENDS = (r"\Z", r"/?\Z")
_LAST = ("[^/]+", "/.+")
_PLAIN = (RUN, FOLDERS, "[^/]")


def _is_escaped(part: str) -> bool:
    """Whether a part is a single character after a backslash, which has no special meaning."""
    return len(part) == 2 and part[0] == "\\" and not part[1].isalnum()


def _part(rest: str, at: int) -> tuple[str, int]:
    """The expression for the token at one position of a pattern, and the token's length."""
    if rest.startswith("/**", at) and rest[at + 3 : at + 4] in ("", "/"):
        return ("/.+", 3) if at + 3 == len(rest) else (FOLDERS, 3)
    character = rest[at]
    if character == "*":
        stars = len(rest) - at - len(rest[at:].lstrip("*"))
        is_whole_end = at + stars == len(rest) and (at == 0 or rest[at - 1] == "/")
        return ("[^/]+" if is_whole_end else "[^/]*"), stars
    if character == "?":
        return "[^/]", 1
    if character == "[":
        return _range(rest, at)
    if character == "\\" and rest[at + 1 :] == "*":  # a quoted star at the end is a star
        return ("[^/]+" if at == 0 or rest[at - 1] == "/" else "[^/]*"), 2
    if character == "\\" and at + 1 < len(rest):
        # The library passes letters to JavaScript: `\s` is white space, `\c` is only a c.
        return _QUOTED.get(rest[at + 1]) or re.escape(rest[at + 1]), 2
    return re.escape(character), 1


def _range(rest: str, at: int) -> tuple[str, int]:
    """`[a-z]`; a range without an end, or in reverse order, matches nothing."""
    end = rest.find("]", at + 1)
    if end < 0 or "/" in rest[at:end]:
        return "(?!)", len(rest) - at
    inside = rest[at + 1 : end]
    cleaned = re.sub(
        r"([0-z])-([0-z])", lambda m: m[0] if m[1] <= m[2] else "", inside.replace("\\", "\\\\")
    )
    cleaned = cleaned.replace("[", r"\[").replace("^", r"\^")  # no range is in reverse order
    return (f"[{cleaned}]" if cleaned else "(?!)"), end + 1 - at
