"""Which paths a rule of a `.forceignore` may match, by one look and not by one look per rule.

A deployment's `.forceignore` may have hundreds of rules, nearly all of them for one path or
one folder each, and is asked about every file of the project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from provisioner.source.ignore_rule import FLAGS, Rule

Look = Callable[[str], bool]


class Index:
    """Answers "no rule matches" for most paths, and "perhaps" for the others."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        paths = [rule for rule in rules if not rule.is_name]
        free = [rule for rule in paths if rule.start is None]
        self._matches_name = _any(rule for rule in rules if rule.is_name)
        self._matches_free = _any(free)
        self._literals = {rule.literal for rule in free}
        self._whole = {rule.start.rstrip("/") for rule in paths if rule.start and rule.is_whole}
        self._below: dict[str, list[Rule]] = {}  # by a folder that all their paths lie in
        for rule in paths:
            if rule.start is not None and not (rule.start and rule.is_whole):
                self._below.setdefault(_folder(rule.start.rstrip("/")), []).append(rule)
        self._looks: dict[str, Look | None] = {}

    def may_match(self, path: str, name: str) -> bool:
        """Whether a rule may match a path, whose last part is `name`; "/" may stand at the end."""
        return self._matches_name(name) or self._may_match_path(path, _folder(path.rstrip("/")))

    def within(self, folder: str) -> Look:
        """The same for the names of the files in one folder, "" or ending in "/"."""
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
        """Whether no rule for many paths concerns what lies in a folder."""
        return _is_plain(folder) and not self._look(folder[:-1]) and not self._has_literal(folder)

    def _may_match_path(self, path: str, folder: str) -> bool:
        if not _is_plain(path):
            return True
        if path.rstrip("/").lower() in self._whole:
            return True
        look = self._look(folder)
        if look and look(path):
            return True
        return self._has_literal(path) and self._matches_free(path)

    def _look(self, folder: str) -> Look | None:
        """What the rules with wildcards for a folder, or for one above it, may match."""
        if folder not in self._looks:
            rules = [
                rule for above in _upwards(folder.lower()) for rule in self._below.get(above, ())
            ]
            self._looks[folder] = _any(rules) if rules else None
        return self._looks[folder]

    def _has_literal(self, text: str) -> bool:
        text = text.lower()
        for literal in self._literals:  # noqa: SIM110 - a generator costs more than the search
            if literal in text:
                return True
        return False


def _any(rules: Iterable[Rule]) -> Look:
    match = re.compile("|".join(rule.pattern.pattern for rule in rules) or "(?!)", FLAGS).match
    return lambda text: match(text) is not None


def _is_plain(text: str) -> bool:
    """Whether lower case is what `re` takes for the same letters, and the end is the end."""
    return text.isascii() and text.isprintable()


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _upwards(folder: str) -> Iterable[str]:
    while folder:
        yield folder
        folder = _folder(folder)
    yield ""
