"""`.forceignore`: which files a project excludes from its package.

The rules are gitignore rules as implemented by the JavaScript library `ignore` 5.3.2, which the
official converter uses: they are case-insensitive, a rule matches a path itself and not what is
below it, and nothing below an excluded folder can be included again. (In pathspec a rule matches
everything below, so a later `!folder` would include single files again.)
Source: docs/reference/source-format.md#forceignore.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from provisioner.input_file import SETTINGS
from provisioner.source.ignore_index import Index
from provisioner.source.ignore_rule import PatternError, Rule, rule_of
from provisioner.source.problems import Refusal
from provisioner.source.tree import Tree, join, split

FILE = ".forceignore"
MOST_LINES = 10_000
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


class Ignore:
    """The rules of one `.forceignore`, for paths relative to the project."""

    def __init__(self, folder: str = "", lines: tuple[str, ...] | None = None) -> None:
        self._prefix = f"{folder}/" if folder else ""
        rules = () if lines is None else (*map(rule_of, _DEFAULTS), *_rules(lines))
        self._rules = tuple(filter(None, rules))
        self._index = Index(self._rules)
        self._denied_folders: dict[str, bool] = {"": False}
        self.backslash_line = next(
            (n for n, s in enumerate(lines or (), 1) if "\\" in s and not s.startswith("#")), 0
        )
        """The first line with a backslash, which does not separate folders; 0 if there is none."""

    def denies(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path is excluded. Paths outside the file's folder never are."""
        if not self._rules or not path.startswith(self._prefix) or path == self._prefix:
            return False
        inside = path[len(self._prefix) :]
        if self._below_denied(inside) or self._matches(inside):
            return True
        return is_folder and self._matches(f"{inside}/")

    def denied(self, folder: str, names: Iterable[str], folders: Container[str]) -> frozenset[str]:
        """The excluded names in a folder: as `denies`, for all names at once."""
        if not self._rules:
            return frozenset()
        start = f"{folder}/" if folder else ""
        if not start.startswith(self._prefix):
            return frozenset()
        inside = start[len(self._prefix) :]
        if self._below_denied(f"{inside}."):
            return frozenset(names)
        may_match = self._index.within(inside)
        return frozenset(
            name
            for name in names
            if (name in folders or may_match(name))
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
        if not self._index.may_match(inside, name):
            return False
        for rule in reversed(self._rules):
            if rule.pattern.match(name if rule.is_name else inside):
                return rule.excludes
        return False


def _rules(lines: tuple[str, ...]) -> Iterator[Rule | None]:
    """The rules of the lines. Raises LineError."""
    for number, line in enumerate(lines, 1):
        try:
            yield rule_of(line)
        except PatternError as error:
            raise LineError(number, str(error)) from None


class LineError(ValueError):
    """A line that cannot be used as a rule."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def nearest(tree: Tree, folder: str) -> tuple[str, Ignore]:
    """The path and the rules of the `.forceignore` for a package directory.

    It is the nearest one above, up to the project's root; the path is "" if there is none.
    Raises Refusal.
    """
    while FILE not in tree.folder(folder).names or tree.is_folder(join(folder, FILE)):
        if not folder:
            return "", Ignore()
        folder = split(folder)[0]
    path = join(folder, FILE)
    text = tree.read(path, SETTINGS).decode("utf-8-sig", "replace")
    lines = tuple(re.split(r"\r?\n", text))
    if len(lines) > MOST_LINES:
        raise Refusal("", path, f"more than {MOST_LINES:,} lines", MOST_LINES + 1)
    try:
        return path, Ignore(folder, lines)
    except LineError as error:
        raise Refusal("", path, str(error), error.line) from None
