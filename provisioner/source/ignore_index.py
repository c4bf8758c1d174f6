"""An index of `.forceignore` rules: which paths may match a rule, without testing each rule.

A `.forceignore` may have hundreds of rules, most of them for one path or one folder, and is
applied to every file of the project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from provisioner.source.ignore_rule import FLAGS, Rule

Matcher = Callable[[str], bool]


class Index:
    """Returns False ("no rule matches") for most paths, and True ("perhaps") for the others."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        paths = [rule for rule in rules if not rule.is_name]
        free = [rule for rule in paths if rule.start is None]
        self._matches_name = _any(rule for rule in rules if rule.is_name)
        self._matches_free = _any(free)
        self._literals = {rule.literal for rule in free}
        self._whole = {rule.start.rstrip("/") for rule in paths if rule.start and rule.is_whole}
        self._below: dict[str, list[Rule]] = {}  # by a folder that contains all their paths
        for rule in paths:
            if rule.start is not None and not (rule.start and rule.is_whole):
                self._below.setdefault(_folder(rule.start.rstrip("/")), []).append(rule)
        self._matchers: dict[str, Matcher | None] = {}

    def may_match(self, path: str, name: str) -> bool:
        """Whether a rule may match a path with the last part `name`; "/" may be at its end."""
        return self._matches_name(name) or self._may_match_path(path, _folder(path.rstrip("/")))

    def within(self, folder: str) -> Matcher:
        """The same for the names of the files in one folder, which is "" or ends with "/"."""
        matches_name, parent = self._matches_name, folder[:-1]
        if self._is_quiet(folder):
            has_literal, whole = self._has_literal, self._whole
            start = folder.lower()
            return lambda name: (
                matches_name(name)
                or not _is_plain(name)
                or start + name.lower() in whole
                or has_literal(name)
            )
        return lambda name: matches_name(name) or self._may_match_path(f"{folder}{name}", parent)

    def _is_quiet(self, folder: str) -> bool:
        """Whether no rule for several paths applies to the content of a folder."""
        return (
            _is_plain(folder) and not self._matcher(folder[:-1]) and not self._has_literal(folder)
        )

    def _may_match_path(self, path: str, folder: str) -> bool:
        if not _is_plain(path):
            return True
        if path.rstrip("/").lower() in self._whole:
            return True
        matches = self._matcher(folder)
        if matches and matches(path):
            return True
        return self._has_literal(path) and self._matches_free(path)

    def _matcher(self, folder: str) -> Matcher | None:
        """The rules with wildcards for a folder, or for one above it."""
        if folder not in self._matchers:
            rules = [
                rule for above in _upwards(folder.lower()) for rule in self._below.get(above, ())
            ]
            self._matchers[folder] = _any(rules) if rules else None
        return self._matchers[folder]

    def _has_literal(self, text: str) -> bool:
        text = text.lower()
        for literal in self._literals:  # noqa: SIM110 - a generator costs more than the search
            if literal in text:
                return True
        return False


def _any(rules: Iterable[Rule]) -> Matcher:
    match = re.compile("|".join(rule.pattern.pattern for rule in rules) or "(?!)", FLAGS).match
    return lambda text: match(text) is not None


def _is_plain(text: str) -> bool:
    """Whether lower case means the same to `re` here, and the text has no line end."""
    return text.isascii() and text.isprintable()


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _upwards(folder: str) -> Iterable[str]:
    while folder:
        yield folder
        folder = _folder(folder)
    yield ""
