"""The features and settings that Salesforce documents, from features.txt and settings.txt.

A new release adds names, so a name that is missing here is only a warning.

Source: docs/reference/sign-up.md#features-and-settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_FEATURE = re.compile(r"(?P<name>\w+)(:(?P<open>\()?(?P<low>\d+)-(?P<high>\d*)\)?)?")
_WORDS = ("with", "setting", "only", "was")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What the guide says of a feature. `low` and `high` bound the number after its name."""

    name: str
    low: int | None = None  # None: the feature takes no number
    high: int | None = None  # None: the guide names no maximum
    is_number_optional: bool = False
    with_features: tuple[str, ...] = ()
    with_setting: str = ""
    editions: tuple[str, ...] = ()  # (): all
    earlier_names: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """The numbers that the feature takes, for a message."""
        return f"{self.low} to {self.high}" if self.high is not None else f"at least {self.low}"


@cache
def features() -> Mapping[str, Feature]:
    """The features by their names in lower case, also by earlier names."""
    found: dict[str, Feature] = {}
    for line in _lines("features.txt"):
        if line == "undocumented":
            continue
        feature = _feature(line)
        for name in (feature.name, *feature.earlier_names):
            found[name.lower()] = feature
    return found


@cache
def settings() -> Mapping[str, tuple[str, ...]]:
    """The elements of each type of settings; () for a type whose elements are not known."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in _lines("settings.txt"):
        if line.startswith(" "):
            found[name] += tuple(line.split())
        else:
            name = line
            found[name] = ()
    return found


def _lines(file: str) -> Iterator[str]:
    text = (_FOLDER / file).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _feature(line: str) -> Feature:
    head, *words = line.split()
    match = _FEATURE.fullmatch(head)
    assert match is not None, line
    given: dict[str, list[str]] = {word: [] for word in _WORDS}
    current = ""
    for word in words:
        if word in _WORDS:
            current = word
        else:
            given[current].append(word)
    return Feature(
        name=match["name"],
        low=int(match["low"]) if match["low"] else None,
        high=int(match["high"]) if match["high"] else None,
        is_number_optional=bool(match["open"]),
        with_features=tuple(given["with"]),
        with_setting="".join(given["setting"]),
        editions=tuple(given["only"]),
        earlier_names=tuple(given["was"]),
    )
