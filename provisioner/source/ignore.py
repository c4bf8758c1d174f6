"""`.forceignore`: which files the project keeps out of a package.

The rules are gitignore's as the JavaScript library `ignore` 5.3.2 reads them, since that is
what the official converter asks: case does not count, a rule matches a path itself and not
what lies below it, and nothing below an excluded folder comes back. (pathspec lets a rule
match all that lies below, so a later `!folder` would bring single files back.)
Source: source-format §3.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

from provisioner.source.tree import Tree, join, split

FILE = ".forceignore"
_DEFAULTS = (
    "**/*.dup",
    "**/.*",
    "!.sf",
    "**/.sf/**",
    "!**/.sf/orgs",
    "!**/.sf/orgs/**",
    "**/.sf/orgs/*/**",
    "!**/.sf/orgs/*/remoteMetadata",
    "!**/.sf/orgs/*/remoteMetadata/**",
    "**/package2-descriptor.json",
    "**/package2-manifest.json",
)
_FLAGS = re.IGNORECASE | re.DOTALL


class Ignore:
    """The rules of one `.forceignore`, for paths of the project."""

    def __init__(self, folder: str = "", lines: tuple[str, ...] | None = None) -> None:
        self._prefix = f"{folder}/" if folder else ""
        rules = () if lines is None else (*_DEFAULTS, *lines)
        self._rules = tuple(filter(None, map(_rule, rules)))
        # One pass over all rules of a kind tells most paths that none of them is meant.
        self._any_name = _any(self._rules, is_name=True)
        self._any_path = _any(self._rules, is_name=False)
        self._literals = {rule.literal for rule in self._rules if not rule.is_name}
        self._denied_folders: dict[str, bool] = {"": False}
        self.backslash_line = next(
            (n for n, s in enumerate(lines or (), 1) if "\\" in s and not s.startswith("#")), 0
        )
        """The first line with a backslash, which separates no folders; 0 if there is none."""

    def denies(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path is kept out. Paths outside the file's folder never are."""
        if not self._rules or not path.startswith(self._prefix) or path == self._prefix:
            return False
        inside = path[len(self._prefix) :]
        if self._below_denied(inside) or self._matches(inside):
            return True
        return is_folder and self._matches(f"{inside}/")

    def denied(self, folder: str, names: Iterable[str], folders: Container[str]) -> frozenset[str]:
        """The names in a folder that are kept out: as `denies`, for all of them at once."""
        if not self._rules:
            return frozenset()
        start = f"{folder}/" if folder else ""
        if start.startswith(self._prefix) and self._below_denied(f"{start[len(self._prefix) :]}."):
            return frozenset(names)
        fits = self._any_name.match
        has_literal = self._has_literal(start)
        return frozenset(
            name
            for name in names
            if (has_literal or fits(name) or name in folders or self._has_literal(name))
            and self.denies(f"{start}{name}", is_folder=name in folders)
        )

    def _below_denied(self, inside: str) -> bool:
        parent = split(inside)[0]
        denied = self._denied_folders.get(parent)
        if denied is None:
            denied = self._below_denied(parent) or self._matches(f"{parent}/")
            self._denied_folders[parent] = denied
        return denied

    def _matches(self, inside: str) -> bool:
        name = inside[inside.rfind("/", 0, -1) + 1 :]
        if not self._any_name.match(name) and not self._may_match_path(inside):
            return False
        for rule in reversed(self._rules):
            if rule.pattern.match(name if rule.is_name else inside):
                return rule.excludes
        return False

    def _may_match_path(self, inside: str) -> bool:
        return self._has_literal(inside) and self._any_path.match(inside) is not None

    def _has_literal(self, text: str) -> bool:
        """Whether a text may be (part of) a path that a rule for whole paths matches."""
        text = text.lower()
        return any(literal in text for literal in self._literals)


def nearest(tree: Tree, folder: str) -> tuple[str, Ignore]:
    """The `.forceignore` that counts for a package directory, and where it stands.

    It is looked for upwards to the project's root and not beyond; "" when there is none.
    """
    while FILE not in tree.folder(folder).names or tree.is_folder(join(folder, FILE)):
        if not folder:
            return "", Ignore()
        folder = split(folder)[0]
    path = join(folder, FILE)
    text = tree.read(path).decode("utf-8-sig", "replace")
    return path, Ignore(folder, tuple(re.split(r"\r?\n", text)))


@dataclass(frozen=True)
class _Rule:
    """A line: whom it excludes or brings back, by the name alone or by the whole path."""

    pattern: re.Pattern[str]
    excludes: bool
    is_name: bool
    literal: str  # must occur in a path that the pattern matches, in lower case


_FREE_START = re.compile(r"/?\*\*/")  # the rule is for any depth


def _any(rules: tuple[_Rule, ...], *, is_name: bool) -> re.Pattern[str]:
    patterns = [rule.pattern.pattern for rule in rules if rule.is_name is is_name]
    return re.compile("|".join(patterns) or "(?!)", _FLAGS)


def _rule(line: str) -> _Rule | None:
    """The rule of a line; None for a line without one."""
    if not line.strip() or line.startswith("#") or re.search(r"(?:[^\\]|^)\\$", line):
        return None
    excludes = not line.startswith("!")
    line = line if excludes else line[1:]
    line = line[1:] if line.startswith(("\\!", "\\#")) else line
    is_anchored = bool(re.search(r"/.", line))  # a blank after the last slash counts, too
    line = _without_trailing_space(line)
    if not line:
        return _Rule(re.compile(""), excludes, is_name=False, literal="")  # `!` brings all back
    if line == "/":
        return None
    match = _FREE_START.match(line)
    rest = (line[match.end() :] or "*/") if match else line.removeprefix("/")
    is_name = "/" not in rest[:-1] and (match is not None or not is_anchored)
    start = "(?:.*/)?" if match and not is_name else ""
    expression = re.compile(start + "".join(_parts(rest)), _FLAGS)
    return _Rule(expression, excludes, is_name, _literal(line))


def _literal(line: str) -> str:
    """The longest text without wildcard; "" where quoting makes it hard to say."""
    if "\\" in line or "[" in line or not line.isascii():
        return ""
    return max(re.split(r"[^\w.-]+", line.lower()), key=len)


def _without_trailing_space(line: str) -> str:
    """Blanks at the end do not count, but `\\ ` is a blank."""
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
        parts.append("$")  # only a folder
    elif not rest.endswith("/**"):
        parts.append("/?$")
    return parts


def _part(rest: str, at: int) -> tuple[str, int]:
    """The expression for what stands at one place of a pattern, and how long that is."""
    if rest.startswith("/**", at) and rest[at + 3 : at + 4] in ("", "/"):
        return ("/.+", 3) if at + 3 == len(rest) else ("(?:/[^/]+)*", 3)
    character = rest[at]
    if character == "*":
        stars = len(rest) - at - len(rest[at:].lstrip("*"))
        is_whole_end = at + stars == len(rest) and (at == 0 or rest[at - 1] == "/")
        return ("[^/]+" if is_whole_end else "[^/]*"), stars
    if character == "?":
        return "[^/]", 1
    if character == "[":
        return _range(rest, at)
    if character == "\\" and rest[at + 1 :] == "*":  # at the end a quoted star is a star
        return ("[^/]+" if at == 0 or rest[at - 1] == "/" else "[^/]*"), 2
    if character == "\\" and at + 1 < len(rest):
        # The library leaves letters to JavaScript: `\s` is white space, `\c` is just a c.
        return _QUOTED.get(rest[at + 1]) or re.escape(rest[at + 1]), 2
    return re.escape(character), 1


def _range(rest: str, at: int) -> tuple[str, int]:
    """`[a-z]`; a range without end, or one that runs backwards, matches nothing."""
    end = rest.find("]", at + 1)
    if end < 0 or "/" in rest[at:end]:
        return "(?!)", len(rest) - at
    inside = rest[at + 1 : end]
    sane = re.sub(
        r"([0-z])-([0-z])", lambda m: m[0] if m[1] <= m[2] else "", inside.replace("\\", "\\\\")
    )
    sane = sane.replace("[", r"\[").replace("^", r"\^")  # no range is turned round
    return (f"[{sane}]" if sane else "(?!)"), end + 1 - at
